import type { Result, Second } from "../result.ts";

/**
 * The parts of a run. While users arrive they also sign in, and while they leave nobody does, so the
 * same volume may cost differently in each.
 */
export type Phase = "rampUp" | "plateau" | "tailingOff";

export const phaseNames: Readonly<Record<Phase, string>> = {
  rampUp: "users signing in",
  plateau: "all users connected",
  tailingOff: "users leaving",
};

/** The seconds from the first to the last one with all users connected, both included. */
export interface Plateau {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** Null where the users were never all connected. */
export function plateauOf({ parameters, seconds }: Result): Plateau | null {
  const full = seconds.filter(({ users }) => users >= parameters.users);
  const first = full[0];
  const last = full.at(-1);
  if (first === undefined || last === undefined) return null;
  return { fromSeconds: first.atSeconds, toSeconds: last.atSeconds };
}

/** The seconds of each phase. Without a plateau, users arrive until the second with the most of them. */
export function secondsByPhase(result: Result): Readonly<Record<Phase, readonly Second[]>> {
  const plateau = plateauOf(result) ?? peakOf(result.seconds);
  const phases: Record<Phase, Second[]> = { rampUp: [], plateau: [], tailingOff: [] };
  for (const second of result.seconds) {
    const { atSeconds } = second;
    if (atSeconds < plateau.fromSeconds) phases.rampUp.push(second);
    else if (atSeconds <= plateau.toSeconds) phases.plateau.push(second);
    else phases.tailingOff.push(second);
  }
  return phases;
}

/** An empty span just after the second with the most users: nobody can say that they were all there. */
function peakOf(seconds: readonly Second[]): Plateau {
  let peak = { users: 0, atSeconds: Number.NEGATIVE_INFINITY };
  for (const second of seconds) if (second.users > peak.users) peak = second;
  return { fromSeconds: peak.atSeconds + 0.5, toSeconds: peak.atSeconds };
}

/**
 * Message volume in a second, deliveries per second: as the server counts it, smoothed; where no
 * monitor told (no pong came back), what the receivers counted.
 */
export function volumeOf(second: Second): number {
  return second.volumePerSecond > 0 ? second.volumePerSecond : second.deliveries;
}

/** Whether the server's load in this second is known: it arrives with the monitor's pongs. */
export function knowsLoad(second: Second): boolean {
  return second.pingMs !== null || second.serverLoad > 0;
}
