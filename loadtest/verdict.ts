import type { Expectation, Integrity, Verdict } from "./result.ts";

/** What `bun run loadtest` exits with. */
export const exitCodes: Readonly<Record<Verdict, number>> = {
  passed: 0,
  failed: 1,
  "tester-bound": 3,
  /** As a shell reports a program that SIGINT ended. */
  interrupted: 130,
};
/** The command was not given rightly. */
export const MISUSED = 2;

/** A tester process has one thread of JavaScript: at this load, in cores, it is near its end. */
const SATURATED_LOAD = 0.9;
/** A tester whose clock runs this late at the 99th percentile measures itself. */
const LATE_CLOCK_MS = 100;

export interface Evidence {
  readonly integrity: Integrity;
  readonly expectations: readonly Expectation[];
  readonly users: number;
  readonly usersConnected: number;
  readonly messagesSent: number;
  readonly messagesAcknowledged: number;
  /** Errors, refusals and disconnects, by code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly wasInterrupted: boolean;
  /** The server's last words where it ended before the run did. */
  readonly serverEnded: string | undefined;
  /** Over the plateau: the busiest tester process and the server's, in cores. */
  readonly testerLoad: number;
  readonly serverLoad: number;
  readonly testerLatenessP99Ms: number;
}

/**
 * A broken promise weighs most; no tester's slowness excuses a lost message. Expectations that hold
 * hold, as the tester's own delays only make the figures worse. Where they do not hold, or there
 * are none, the figures are taken from a run only if the tester was not its bottleneck: that it
 * was is told by a load above 0.9 of a core, or by a clock more than 100 ms late, while the server
 * was less busy than the tester.
 */
export function verdictOf(evidence: Evidence): { verdict: Verdict; because: string } {
  const { integrity, expectations, users, usersConnected, serverEnded } = evidence;
  if (serverEnded !== undefined) {
    return { verdict: "failed", because: `The server did not last: ${serverEnded}.` };
  }
  const { lost, doubled, reordered } = integrity;
  if (lost + doubled + reordered > 0) {
    const because = `Deliveries went wrong: ${lost} lost, ${doubled} doubled, ${reordered} reordered.`;
    return { verdict: "failed", because };
  }
  if (evidence.wasInterrupted) {
    return { verdict: "interrupted", because: "The run was ended before its time." };
  }
  if (usersConnected < users) {
    const because = `Only ${usersConnected} of ${users} users got in.`;
    return { verdict: "failed", because };
  }
  const wrong = misconduct(evidence);
  if (wrong !== undefined) return { verdict: "failed", because: wrong };
  const broken = expectations.filter(({ holds }) => !holds);
  if (broken.length === 0 && expectations.length > 0) {
    return { verdict: "passed", because: "Nothing was lost and all expectations hold." };
  }
  if (isTesterBound(evidence)) {
    return { verdict: "tester-bound", because: "The tester was the bottleneck, no verdict." };
  }
  if (broken.length > 0) {
    const because = `Delivery was too slow: ${broken.map(describe).join(", ")}.`;
    return { verdict: "failed", because };
  }
  return { verdict: "passed", because: "Nothing was lost, doubled or reordered." };
}

/** What a server may not do even if nobody lost anything by it. */
const offences: Readonly<Record<string, string>> = {
  UNOWED_DELIVERY: "messages came to users who were not in the channel",
  FAREWELL_TIMED_OUT: "users waited in vain for the answer to their last ping",
  LOG_CHANGED: "the server's log was another one after a reconnect",
};

/** A server that swallows or refuses everything loses nothing; it did not do its work either. */
function misconduct(evidence: Evidence): string | undefined {
  const { errors, messagesSent, messagesAcknowledged } = evidence;
  for (const [code, sentence] of Object.entries(offences)) {
    if ((errors[code] ?? 0) > 0)
      return `The server misbehaved: ${sentence} (${errors[code]} times).`;
  }
  if (messagesSent > 0 && messagesAcknowledged === 0) {
    return `Not one of ${messagesSent} messages was acknowledged.`;
  }
  const refusals = Object.values(errors).reduce((sum, count) => sum + count, 0);
  const unanswered = messagesSent - messagesAcknowledged - refusals;
  return unanswered > 0 ? `${unanswered} messages got no answer at all.` : undefined;
}

export function isTesterBound(
  evidence: Pick<Evidence, "testerLoad" | "serverLoad" | "testerLatenessP99Ms">,
): boolean {
  const { testerLoad, serverLoad, testerLatenessP99Ms } = evidence;
  const isSaturated = testerLoad > SATURATED_LOAD || testerLatenessP99Ms > LATE_CLOCK_MS;
  // The server has several threads, of which one can be its bottleneck, as the tester's is.
  return isSaturated && Math.min(1, serverLoad) < Math.max(testerLoad, SATURATED_LOAD);
}

function describe({ percentile, atMostMs, actualMs }: Expectation): string {
  return `${percentile} was ${Math.round(actualMs)} ms, not at most ${atMostMs}`;
}
