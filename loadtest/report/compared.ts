import type { Result } from "../result.ts";
import { formatBytes, formatCores, formatCount, formatMeasure, formatMs } from "./format.ts";
import { parameterRows } from "./parameter_rows.ts";

/** A result under the name by which tables and graphs call it. */
export interface Compared {
  readonly name: string;
  readonly result: Result;
}

/** A row of a table: what, and what it was in each result. */
export interface Difference {
  readonly name: string;
  readonly values: readonly string[];
}

/**
 * What was asked for or used differently, so that nobody compares apples with pears: parameters first
 * (but for the seed), then the machine. Versions are left out: to compare those is what this is for.
 */
export function differencesOf(results: readonly Result[]): Difference[] {
  const rows = results.map((result) => [
    ...parameterRows(result.parameters).filter(([name]) => name !== "Seed"),
    ["Processor", `${result.machine.cpuModel}, ${result.machine.cores} cores`] as const,
    ["Kernel", result.machine.kernel] as const,
  ]);
  const [first = []] = rows;
  return first
    .map(([name], index) => ({ name, values: rows.map((row) => row[index]?.[1] ?? "") }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
}

/** One figure of a run, and which way is good. */
export interface Measure {
  readonly name: string;
  readonly better: "lower" | "higher" | "neither";
  readonly format: (value: number) => string;
  /** Says something only beside a run with as many users who say as much. */
  readonly ofWorkload?: true;
  /** Null where the run does not tell. */
  readonly of: (result: Result) => number | null;
}

/** Latencies over the plateau where all runs had one, else over the whole runs: never one of each. */
export function latenciesOf(results: readonly Result[]) {
  const plateau = results.every(({ plateauLatencyMs }) => plateauLatencyMs !== null);
  return {
    over: plateau ? "while all users were connected" : "over the whole run",
    of: (result: Result) => (plateau && result.plateauLatencyMs) || result.latencyMs,
  };
}

/** What a delivery costs the server, in us of CPU; null where load or volume is not known. */
export function microsecondsPerDelivery({ load, volume }: Result): number | null {
  if (load.serverPlateau === 0 || volume.plateauPerSecond === 0) return null;
  return (load.serverPlateau / volume.plateauPerSecond) * 1e6;
}

export function measuresFor(results: readonly Result[]): Measure[] {
  const { of } = latenciesOf(results);
  const latency = (
    name: string,
    kind: "delivery" | "ack" | "ping" | "signIn",
    percentile: "p50" | "p90" | "p95" | "p99" | "p999" | "max",
  ): Measure => ({
    name,
    better: "lower",
    format: formatMs,
    of: (result) => (of(result)[kind].count === 0 ? null : of(result)[kind][percentile]),
  });
  const known = (value: number) => (value === 0 ? null : value);
  const fault = (name: string, of: Measure["of"]): Measure => ({
    name,
    better: "lower",
    format: formatCount,
    of,
  });
  return [
    latency("Delivery p50", "delivery", "p50"),
    latency("Delivery p90", "delivery", "p90"),
    latency("Delivery p95", "delivery", "p95"),
    latency("Delivery p99", "delivery", "p99"),
    latency("Delivery p99.9", "delivery", "p999"),
    latency("Delivery max", "delivery", "max"),
    latency("Acknowledgement p99", "ack", "p99"),
    latency("Monitor’s ping p90", "ping", "p90"),
    latency("Monitor’s ping p95", "ping", "p95"),
    latency("Monitor’s ping p99", "ping", "p99"),
    latency("Sign-in p99", "signIn", "p99"),
    {
      name: "Users connected",
      better: "neither",
      format: formatCount,
      of: ({ totals }) => totals.usersConnected,
    },
    {
      name: "Deliveries per second",
      ofWorkload: true,
      better: "higher",
      format: formatCount,
      of: ({ volume }) => volume.plateauPerSecond,
    },
    {
      name: "Server’s CPU load",
      ofWorkload: true,
      better: "lower",
      format: formatCores,
      of: ({ load }) => known(load.serverPlateau),
    },
    {
      name: "CPU for each delivery",
      better: "lower",
      format: (us) => `${formatMeasure(us)} µs`,
      of: microsecondsPerDelivery,
    },
    {
      name: "Server’s memory, peak",
      ofWorkload: true,
      better: "lower",
      format: formatBytes,
      of: ({ load }) => known(load.serverPeakResidentBytes),
    },
    fault("Lost", ({ integrity }) => integrity.lost),
    fault("Doubled", ({ integrity }) => integrity.doubled),
    fault("Reordered", ({ integrity }) => integrity.reordered),
    fault("Errors", ({ errors }) => Object.values(errors).reduce((sum, times) => sum + times, 0)),
  ];
}

/** Differences below this share are within what two runs of the same thing differ by. */
const NOISE = 0.03;

/** Whether one may call a difference in this figure between two runs better or worse. */
export function mayJudge(measure: Measure, before: Result, after: Result): boolean {
  if (before.verdict === "tester-bound" || after.verdict === "tester-bound") return false;
  return measure.better !== "neither" && (!measure.ofWorkload || sameWorkload(before, after));
}

function sameWorkload({ parameters: one }: Result, { parameters: other }: Result): boolean {
  return (
    one.users === other.users &&
    one.channels === other.channels &&
    one.messagesPerUserSecond === other.messagesPerUserSecond
  );
}

/** How a figure changed: `+12% worse`, `−30% better`, `about the same`, `not known`. */
export function changeOf(measure: Measure, before: Result, after: Result): string {
  const from = measure.of(before);
  const to = measure.of(after);
  if (from === null || to === null) return "not known";
  if (from === to) return "the same";
  const better = measure.better === "lower" ? to < from : to > from;
  const judged = mayJudge(measure, before, after) ? (better ? " better" : " worse") : "";
  if (from === 0) return judged === "" ? "none before" : `none before,${judged}`;
  const share = (to - from) / from;
  if (Math.abs(share) < NOISE) return "about the same";
  return `${share > 0 ? "+" : "−"}${formatCount(Math.abs(share) * 100)}%${judged}`;
}
