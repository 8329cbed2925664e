import type { Latency, Parameters, Result, Verdict } from "../result.ts";

/** What became of the sign-ins that were due in one window. */
export interface Outcome {
  readonly due: number;
  readonly signedIn: number;
  /** Refused for now, with the time to come back in. */
  readonly toldWhen: number;
  /** Told that the password was wrong, which it was. */
  readonly toldWrong: number;
  /** All others, by code: no answer in 30 s, or one that should not have been. */
  readonly faults: Readonly<Record<string, number>>;
  /** From due to welcomed on the socket, of those signed in, in ms. */
  readonly signInMs: Latency;
  /** From due to refused, in ms. */
  readonly refusalMs: Latency;
}

/** One window of the run. Loads are in cores; null where the system does not tell. */
export interface Window {
  /** The scenario's name; null where nobody signed in. */
  readonly scenario: string | null;
  /** From 1. */
  readonly round: number;
  /** The second of the run with which it begins. */
  readonly atSeconds: number;
  readonly deliveryMs: Latency;
  readonly ackMs: Latency;
  readonly deliveriesPerSecond: number;
  /** Of the server's process. */
  readonly serverLoad: number | null;
  /** Of the processes that hash passwords for it. */
  readonly hasherLoad: number | null;
  /** Of the processes that carry the messages: all, and the busiest. */
  readonly testerLoad: number;
  readonly busiestTesterLoad: number;
  readonly testerLatenessP99Ms: number;
  /**
   * How much of the window went into commits of 50 ms and more, 0 to 1: there the disk stood still,
   * and all messages with it. Null where the server did not tell.
   */
  readonly diskStillShare: number | null;
  /** Of the process that signs in, from the window's beginning to its last answer; 0 where it had nothing to do. */
  readonly signerLoad: number;
  readonly signIns: Outcome | null;
}

/** A window with sign-ins, and the one without that stands next to it. */
export interface Pair {
  readonly round: number;
  readonly withoutP99Ms: number;
  readonly withP99Ms: number;
  /** With over without. */
  readonly ratio: number;
  /** What else than sign-ins made one of the p99s, in words; empty where nothing is known to have. */
  readonly disturbedBy: readonly string[];
  readonly withWindow: Window;
  readonly withoutWindow: Window;
}

/** What came out for one scenario. */
export interface ScenarioResult {
  readonly name: string;
  readonly atMostRatio: number;
  /** The median of all pairs' ratios. */
  readonly medianRatio: number;
  /** Of those pairs alone that nothing is known to have disturbed; null where there is none. */
  readonly undisturbedMedianRatio: number | null;
  readonly holds: boolean;
  readonly pairs: readonly Omit<Pair, "withWindow" | "withoutWindow">[];
  /** Over all pairs. */
  readonly due: number;
  readonly signedIn: number;
  readonly toldWhen: number;
  readonly toldWrong: number;
  readonly faults: Readonly<Record<string, number>>;
}

/** `sign-ins.json`. */
export interface SignIns {
  readonly formatVersion: 1;
  readonly startedAt: string;
  readonly verdict: Verdict;
  readonly because: string;
  readonly parameters: Parameters;
  readonly machine: Result["machine"];
  readonly versions: Result["versions"];
  readonly windowSeconds: number;
  /** Of the whole run: all 0 in a good one. */
  readonly integrity: Result["integrity"];
  readonly errors: Result["errors"];
  readonly scenarios: readonly ScenarioResult[];
  /** In the order in which they were. */
  readonly windows: readonly Window[];
}
