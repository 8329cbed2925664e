import { isTesterBound } from "../verdict.ts";
import type { Pair, ScenarioResult, Window } from "./result.ts";
import type { Scenario } from "./scenario.ts";
import type { Turn } from "./turns.ts";

/** Half of the hundredth that a p99 is made of. */
const DISTURBING_SHARE = 0.005;

/**
 * The scenario's windows, each with the one that it is compared with. `windows` are those of the first
 * turns; pairs that are not complete are left out, as are those in which nothing was delivered.
 */
export function pairsOf(
  scenario: Scenario,
  turns: readonly Turn[],
  windows: readonly Window[],
): Pair[] {
  return turns.flatMap((turn, index) => {
    if (turn.scenario?.name !== scenario.name || turn.without === null) return [];
    const withWindow = windows[index];
    const withoutWindow = windows[turn.without];
    if (withWindow === undefined || withoutWindow === undefined) return [];
    const withP99Ms = withWindow.deliveryMs.p99;
    const withoutP99Ms = withoutWindow.deliveryMs.p99;
    if (!(withP99Ms > 0 && withoutP99Ms > 0)) return [];
    const ratio = withP99Ms / withoutP99Ms;
    const disturbedBy = disturbancesOf([withWindow, withoutWindow]);
    const p99s = { withoutP99Ms, withP99Ms, ratio };
    return [{ round: turn.round, ...p99s, disturbedBy, withWindow, withoutWindow }];
  });
}

/** What would have made a p99 without any sign-ins. */
function disturbancesOf(windows: readonly Window[]): string[] {
  const isStill = ({ diskStillShare }: Window) => (diskStillShare ?? 0) >= DISTURBING_SHARE;
  return [
    ...(windows.some(isStill) ? ["the disk"] : []),
    ...(windows.some(isBoundByTester) ? ["the tester"] : []),
  ];
}

/** The window tells how slow the tester is, not the server. */
export function isBoundByTester(window: Window): boolean {
  const { busiestTesterLoad, serverLoad, testerLatenessP99Ms } = window;
  return isTesterBound({
    testerLoad: busiestTesterLoad,
    serverLoad: serverLoad ?? 0,
    testerLatenessP99Ms,
  });
}

/** What came out for a scenario; undefined where it has no pair. */
export function scenarioResult(
  { name, atMostRatio }: Scenario,
  pairs: readonly Pair[],
): ScenarioResult | undefined {
  const medianRatio = median(pairs.map(({ ratio }) => ratio));
  if (medianRatio === undefined) return undefined;
  const undisturbed = pairs.filter(({ disturbedBy }) => disturbedBy.length === 0);
  const outcomes = pairs.flatMap(({ withWindow: { signIns } }) => signIns ?? []);
  const sum = (of: "due" | "signedIn" | "toldWhen" | "toldWrong") =>
    outcomes.reduce((total, outcome) => total + outcome[of], 0);
  return {
    ...{ name, atMostRatio, medianRatio, holds: medianRatio <= atMostRatio },
    undisturbedMedianRatio: median(undisturbed.map(({ ratio }) => ratio)) ?? null,
    pairs: pairs.map(({ withWindow, withoutWindow, ...pair }) => pair),
    due: sum("due"),
    signedIn: sum("signedIn"),
    toldWhen: sum("toldWhen"),
    toldWrong: sum("toldWrong"),
    faults: sumOfFaults(outcomes.map(({ faults }) => faults)),
  };
}

/** The middle one, or what lies between the middle two; undefined of none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2;
}

export function sumOfFaults(
  all: readonly Readonly<Record<string, number>>[],
): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const faults of all) {
    for (const [code, count] of Object.entries(faults)) sum[code] = (sum[code] ?? 0) + count;
  }
  return sum;
}
