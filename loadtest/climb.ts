/** How the search for the most users goes on after so many steps. */
export interface Climb {
  readonly from: number;
  readonly to: number;
}

export interface Step {
  readonly users: number;
  readonly holds: boolean;
}

/** Each step up has so many times the users of the one before. */
const GROWTH = 1.5;
/** The search ends when the most that held and the least that did not are this close. */
const CLOSE_ENOUGH = 0.05;

/** The most users whose step held, 0 where none did. */
export function mostThatHeld(steps: readonly Step[]): number {
  return Math.max(0, ...steps.filter(({ holds }) => holds).map(({ users }) => users));
}

/**
 * How many users to try next: up by half until a step does not hold, then in the middle between the
 * most that held and the least that did not. Undefined when there is nothing more to find out.
 */
export function nextUsers({ from, to }: Climb, steps: readonly Step[]): number | undefined {
  if (steps.length === 0) return from;
  const most = mostThatHeld(steps);
  const failed = steps.filter(({ holds }) => !holds).map(({ users }) => users);
  if (failed.length === 0) return most >= to ? undefined : Math.min(to, Math.round(most * GROWTH));
  const least = Math.min(...failed);
  // Below the first step there is nothing that the caller asked about.
  if (most === 0 || least - most <= Math.max(1, least * CLOSE_ENOUGH)) return undefined;
  return Math.round((most + least) / 2);
}
