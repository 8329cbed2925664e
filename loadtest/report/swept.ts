import type { Sweep, SweepRun } from "../sweep.ts";
import { formatCores, formatCount, formatMeasure, formatMs, formatNumberOf } from "./format.ts";
import { fiveNumbers } from "./volume_bins.ts";

/** What was measured with one value: of one run, or the medians of several. */
export type Medians = Omit<SweepRun, "round" | "verdict" | "because">;

/** Whether the figures of a run say something about the server. */
export function isSound({ verdict }: SweepRun): boolean {
  return verdict === "passed";
}

/** The medians of the sound runs of one value; null where there are none. */
export function mediansOf(runs: readonly SweepRun[]): Medians | null {
  const sound = runs.filter(isSound);
  const [first] = sound;
  if (first === undefined) return null;
  const of = (figure: (run: SweepRun) => number) => median(sound.map(figure));
  const costs = sound.flatMap(({ cpuMicroseconds }) => cpuMicroseconds ?? []);
  return {
    value: first.value,
    volumePerSecond: of((run) => run.volumePerSecond),
    p50Ms: of((run) => run.p50Ms),
    p90Ms: of((run) => run.p90Ms),
    p99Ms: of((run) => run.p99Ms),
    serverLoad: of((run) => run.serverLoad),
    testerLoad: of((run) => run.testerLoad),
    cpuMicroseconds: costs.length === 0 ? null : median(costs),
  };
}

/** The medians of every value that has sound runs, in the order of the values. */
export function sweepMedians({ values, runs }: Sweep): Medians[] {
  return values.flatMap((value) => mediansOf(runs.filter((run) => run.value === value)) ?? []);
}

/** `Hubbub with pace-cap-ms 0, 5, 20`. */
export function sweepTitle({ setting, values }: Sweep): string {
  return `Hubbub with ${setting} ${values.join(", ")}`;
}

/** What came out, by the medians. */
export function sweepSentence(sweep: Sweep): string {
  const medians = sweepMedians(sweep);
  const [first] = medians;
  const { users } = sweep.parameters;
  if (first === undefined) return "No run's figures can be used; the table says why.";
  const volume = median(medians.map(({ volumePerSecond }) => volumePerSecond));
  const with_ = `With ${formatNumberOf(users, "user")} and about ${formatCount(volume)} deliveries per second`;
  if (medians.length === 1) {
    return `${with_}, ${sweep.setting} ${first.value} gives a delivery p99 of ${formatMs(first.p99Ms)} at ${formatCores(first.serverLoad)}.`;
  }
  const least = (of: (one: Medians) => number) =>
    medians.reduce((best, one) => (of(one) < of(best) ? one : best));
  const fastest = least(({ p99Ms }) => p99Ms);
  const slowest = least(({ p99Ms }) => -p99Ms);
  const cheapest = least(({ serverLoad }) => serverLoad);
  const dearest = least(({ serverLoad }) => -serverLoad);
  const { setting } = sweep;
  return (
    `${with_}, the delivery p99 was lowest with ${setting} ${fastest.value} (${formatMs(fastest.p99Ms)}) ` +
    `and highest with ${slowest.value} (${formatMs(slowest.p99Ms)}); the server’s CPU load was ` +
    `lowest with ${cheapest.value} (${loadOf(cheapest)}) and highest with ${dearest.value} (${loadOf(dearest)}).`
  );
}

function loadOf({ serverLoad, cpuMicroseconds }: Medians): string {
  const cost =
    cpuMicroseconds === null ? "" : `, ${formatMeasure(cpuMicroseconds)} µs for each delivery`;
  return `${formatCores(serverLoad)}${cost}`;
}

/** What a reader has to bear in mind: sentences. */
export function sweepNotes(sweep: Sweep): string[] {
  const { runs, rounds, values, stepSeconds, because, end } = sweep;
  const count = (verdict: SweepRun["verdict"]) =>
    runs.filter((run) => run.verdict === verdict).length;
  const of = `of ${formatNumberOf(runs.length, "run")}`;
  const [bound, failed] = [count("tester-bound"), count("failed")];
  return [
    `${formatNumberOf(rounds, "round")} of ${formatNumberOf(values.length, "value")} in turn, ${formatMeasure(stepSeconds)} s each, everybody connected before.`,
    ...(end === "complete" ? [] : [because]),
    ...(bound > 0
      ? [`In ${bound} ${of} the tester was the bottleneck: hollow points, left out of the medians.`]
      : []),
    ...(failed > 0 ? [`${failed} ${of} failed: hollow points, left out of the medians.`] : []),
  ];
}

function median(values: readonly number[]): number {
  return fiveNumbers(values)?.[2] ?? 0;
}
