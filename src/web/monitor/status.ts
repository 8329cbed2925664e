import { allTargets, stages, type Target } from "./charts.ts";
import { formatted, type Unit } from "./format.ts";
import type { Pings } from "./pings.ts";
import type { Timeline } from "./timeline.ts";

/** A target counts as missed for so long after the last second that missed it. */
const HOLD_MS = 10_000;
/** What the sentence about the slowest stage covers. */
const SENTENCE_MS = 60_000;

export interface Missed {
  readonly target: Target & { readonly unit: Unit };
  /** The worst value since then. */
  readonly worst: number;
  readonly sinceMs: number;
  /** It was missed already when what is known begins. */
  readonly isLonger: boolean;
}

/**
 * The targets that are missed now, each with the time since when: a miss goes on through pauses of
 * up to ten seconds.
 *
 * @param seconds the timeline whose rows are seconds.
 */
export function missedTargets(seconds: Timeline, pings: Pings, nowMs: number): Missed[] {
  const { timesMs } = seconds;
  const newestMs = timesMs.at(-1);
  if (newestMs === undefined || nowMs - newestMs > HOLD_MS) return [];
  const probed = pings.slowest(
    timesMs.map((timeMs) => timeMs / 1000),
    seconds.stepMs,
  );
  return allTargets.flatMap((target) => {
    const values = target.of === "ping" ? probed : seconds.column(target.of);
    return values === undefined ? [] : missed(target, timesMs, values, newestMs);
  });
}

function missed(
  target: Missed["target"],
  timesMs: readonly number[],
  values: readonly (number | undefined)[],
  newestMs: number,
): Missed[] {
  let sinceMs = newestMs;
  let worst = Number.NEGATIVE_INFINITY;
  let isLonger = false;
  for (let row = timesMs.length - 1; row >= 0; row--) {
    const timeMs = timesMs[row] as number;
    if (sinceMs - timeMs > HOLD_MS) break;
    const value = values[row];
    if (value === undefined || !(value > target.atMost)) continue;
    worst = Math.max(worst, value);
    sinceMs = timeMs;
    isLonger = timeMs - (timesMs[0] as number) < HOLD_MS;
  }
  return worst === Number.NEGATIVE_INFINITY ? [] : [{ target, worst, sinceMs, isLonger }];
}

/** A missed target in words. */
export function missedSentence(
  { target, worst, sinceMs, isLonger }: Missed,
  timeOf: (timeMs: number) => string,
): string {
  const { subject, atMost, unit } = target;
  const since = isLonger ? `since ${timeOf(sinceMs)} or longer` : `since ${timeOf(sinceMs)}`;
  return `${subject} has been above ${formatted(atMost, unit)} ${since}; the worst was ${formatted(worst, unit)}.`;
}

/** Which stage of a message took longest in the last minute, in words. */
export function slowestStage(seconds: Timeline): string {
  const newestMs = seconds.timesMs.at(-1) ?? 0;
  const from = seconds.timesMs.findIndex((timeMs) => timeMs > newestMs - SENTENCE_MS);
  const meanOf = (key: (typeof stages)[number]["key"] | "pathMs") => {
    const values = (seconds.column(`${key}.mean`) ?? [])
      .slice(Math.max(0, from))
      .filter((value) => !Number.isNaN(value));
    return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const wholeMs = meanOf("pathMs");
  if (wholeMs === 0) return "No message came in the last minute.";
  const [slowest] = stages
    .map(({ key, name }) => ({ name, ms: meanOf(key) }))
    .sort((one, other) => other.ms - one.ms);
  if (slowest === undefined) return "";
  return `Of the ${formatted(wholeMs, "ms")} from a message's coming to its delivery, ${formatted(slowest.ms, "ms")} ${slowest.ms > 0 ? "is" : "are"} ${slowest.name}.`;
}
