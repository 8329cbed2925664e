/** What the command and its tester process tell each other over Bun's IPC. */
import type { Account } from "../accounts.ts";
import type { Latency } from "../result.ts";
import type { DialectName } from "./contenders.ts";
import type { Settled } from "./load.ts";

/** One measurement: one server at one rate. */
export interface Plan {
  readonly dialect: DialectName;
  readonly url: string;
  /** The server's process, whose CPU time is read. */
  readonly serverPid: number;
  /** One connection each. */
  readonly accounts: readonly Account[];
  readonly messagesPerUserSecond: number;
  readonly seconds: number;
  readonly warmUp: { readonly messagesPerUserSecond: number; readonly seconds: number };
  readonly seed: number;
}

/** What was measured, from the end of the lead-in for as long as was asked. */
export interface Measurement {
  /** How long it really was. */
  readonly seconds: number;
  /** Messages that were due in this time, and the deliveries that they ask for. */
  readonly messages: number;
  readonly deliveriesOffered: number;
  /** Deliveries that came in this time. */
  readonly deliveries: number;
  readonly serverCpuUs: number;
  readonly testerCpuUs: number;
  /** How late the tester's clock ran, 99th percentile. */
  readonly testerLatenessP99Ms: number;
  /** From due to received, of the messages that were due in this time, whenever they came. */
  readonly latencyMs: Latency;
  /** How the waiting for the rest ended. */
  readonly settled: Settled;
  /** Owed from the first message of the warm-up on, and not received when it ended. */
  readonly missing: number;
  /** Received, and not owed. */
  readonly surplus: number;
  /** Messages that the server has not acknowledged, where it does that. */
  readonly unanswered: number;
}

export type FromTester =
  | { readonly kind: "hello" }
  | { readonly kind: "measured"; readonly measurement: Measurement }
  /** It cannot be measured: a sentence says why. */
  | { readonly kind: "failed"; readonly why: string };
