import type { Result, Verdict } from "../result.ts";
import {
  formatBytes,
  formatCores,
  formatCount,
  formatDuration,
  formatMeasure,
  formatMs,
  formatNumberOf,
} from "./format.ts";

export const verdictWords: Readonly<Record<Verdict, string>> = {
  passed: "Passed",
  failed: "Failed",
  "tester-bound": "No verdict: the tester was the bottleneck",
  interrupted: "Interrupted",
};

/** What kind of run this was, in one line. */
export function titleOf({ parameters }: Result): string {
  const { profile, users, encoding } = parameters;
  return `Hubbub load test: ${profile}, ${formatCount(users)} users, ${encoding}`;
}

/** When, how long, and on what. */
export function occasionOf({ startedAt, durationSeconds, machine, versions }: Result): string {
  const [day = "", time = ""] = startedAt.split("T");
  const when = `${day} ${time.slice(0, 5)} UTC`;
  const commit = versions.gitCommit === "" ? "" : ` (${shortCommit(versions)})`;
  return [
    `${when}, ${formatDuration(durationSeconds)}`,
    `${machine.cpuModel}, ${machine.cores} cores`,
    `Hubbub ${versions.hubbub}${commit}, Bun ${versions.bun}`,
  ].join(" · ");
}

/** The commit's first digits, and whether there was more than it. */
export function shortCommit({ gitCommit, gitDirty }: Result["versions"]): string {
  if (gitCommit === "") return "not known";
  return `${gitCommit.slice(0, 10)}${gitDirty ? " and changes" : ""}`;
}

/** What a reader has to know before comparing these figures with others. */
export function warningsOf({ parameters, plateauLatencyMs }: Result): string[] {
  const warnings: string[] = [];
  if (parameters.timeScale !== 1) {
    warnings.push(
      `The waits were shortened ${formatMeasure(parameters.timeScale)} times: each user sent ` +
        `${formatMeasure(parameters.messagesPerUserSecond)} messages/s, so this is not the workload of the same name.`,
    );
  }
  if (plateauLatencyMs === null) {
    warnings.push(
      "There was no time with all users connected, so the means are over the whole run.",
    );
  }
  return warnings;
}

/** One of the few numbers that a reader sees first. */
export interface KeyFigure {
  readonly name: string;
  readonly value: string;
  readonly detail: string;
  /** Something that must not be. */
  readonly bad: boolean;
}

export function keyFigures(result: Result): KeyFigure[] {
  const { parameters, totals, volume, latencyMs, integrity, load } = result;
  const { delivery } = latencyMs;
  const faults = integrity.lost + integrity.doubled + integrity.reordered;
  const figure = (name: string, value: string, detail: string, bad = false): KeyFigure => ({
    name,
    value,
    detail,
    bad,
  });
  return [
    figure(
      "Users connected",
      formatCount(totals.usersConnected),
      `of ${formatCount(parameters.users)}; ${formatNumberOf(totals.messagesSent, "message")} sent`,
      totals.usersConnected < parameters.users,
    ),
    figure(
      "Deliveries per second",
      formatCount(volume.plateauPerSecond),
      `peak ${formatCount(volume.peakPerSecond)}`,
    ),
    figure(
      "Delivery latency p99",
      delivery.count === 0 ? "none" : formatMs(delivery.p99),
      delivery.count === 0
        ? "nothing delivered"
        : `p50 ${formatMeasure(delivery.p50)}, p90 ${formatMeasure(delivery.p90)}, p95 ${formatMeasure(delivery.p95)}`,
      result.expectations.some(({ holds }) => !holds),
    ),
    figure(
      "Lost, doubled, reordered",
      `${formatCount(integrity.lost)}, ${formatCount(integrity.doubled)}, ${formatCount(integrity.reordered)}`,
      `of ${formatCount(totals.deliveries)} deliveries`,
      faults > 0,
    ),
    figure(
      "Server’s CPU load",
      load.serverPlateau === 0 ? "not known" : formatCores(load.serverPlateau),
      `tester ${formatCores(load.testerPlateau)}`,
    ),
    figure(
      "Server’s memory, peak",
      load.serverPeakResidentBytes === 0 ? "not known" : formatBytes(load.serverPeakResidentBytes),
      result.memory === undefined
        ? "resident"
        : `${formatBytes(result.memory.perConnectionBytes)} for each connection`,
    ),
  ];
}
