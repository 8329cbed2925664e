import type { Scenario } from "./scenario.ts";

/** One window of the run. */
export interface Turn {
  /** Null: nobody signs in. */
  readonly scenario: Scenario | null;
  /** From 1. */
  readonly round: number;
  /** The turn right before or after, by its index, that this one is compared with; null where it is such a one. */
  readonly without: number | null;
}

/**
 * The order of the windows: in each round each scenario once, always next to a window without
 * sign-ins, which two scenarios share: - A B - C D - A' ... Each round begins with another scenario, so
 * that each of them comes after its window without as well as before it, and a machine that grows
 * slower or faster favours none.
 */
export function turnsOf(scenarios: readonly Scenario[], rounds: number): Turn[] {
  const turns: Turn[] = [];
  for (let round = 1; round <= rounds; round++) {
    const shift = (round - 1) % Math.max(1, scenarios.length);
    const order = [...scenarios.slice(shift), ...scenarios.slice(0, shift)];
    for (let at = 0; at < order.length; at += 2) {
      if (turns.at(-1)?.scenario !== null) turns.push({ scenario: null, round, without: null });
      const before = turns.length - 1;
      const [first, second] = order.slice(at, at + 2);
      if (first) turns.push({ scenario: first, round, without: before });
      if (second === undefined) continue;
      turns.push({ scenario: second, round, without: turns.length + 1 });
      turns.push({ scenario: null, round, without: null });
    }
  }
  return turns;
}
