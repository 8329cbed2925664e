/** What the coordinator and its tester processes tell each other over Bun's IPC. */
import type { Account } from "../accounts.ts";
import type { Behaviour } from "../profiles.ts";
import type { Integrity, Parameters } from "../result.ts";
import type { Counts } from "./tally.ts";

/** One virtual user. Its number is the same whichever process it is in. */
export interface PlannedUser {
  /** From 0; its place in the ramp and its stream of random numbers. */
  readonly index: number;
  readonly account: Account;
}

export interface Plan {
  readonly url: string;
  readonly parameters: Parameters;
  readonly behaviour: Behaviour;
  readonly users: readonly PlannedUser[];
}

export type ToTester =
  | { readonly kind: "plan"; readonly plan: Plan }
  /** The run begins then; seconds are counted from there. */
  | { readonly kind: "start"; readonly startUs: number }
  /** Everybody who was held may act from then on. */
  | { readonly kind: "go"; readonly atUs: number }
  /** Every connection is cut off. */
  | { readonly kind: "cut" }
  /** Everybody ends what they are doing and leaves. */
  | { readonly kind: "stop" };

/** What one process counted in one second. */
export interface SecondReport {
  /** Second 0 is the first of the run. */
  readonly second: number;
  /** Users connected at its end. */
  readonly connected: number;
  /** Users that have arrived so far: signed in, connected, in their channels. */
  readonly arrived: number;
  /** Users that have left for good so far. */
  readonly gone: number;
  readonly messagesSent: number;
  readonly messagesAcknowledged: number;
  readonly deliveries: number;
  readonly joins: number;
  readonly leaves: number;
  readonly signIns: number;
  readonly reconnects: number;
  readonly errors: Readonly<Record<string, number>>;
  /** CPU time of the process in this second. */
  readonly cpuUs: number;
  /** How long the second was by the clock; a busy process ends it late. */
  readonly wallUs: number;
  /** Latencies in microseconds: see Tally. */
  readonly ack: Counts;
  readonly delivery: Counts;
  readonly signIn: Counts;
  /** From the loss of a connection to its resumption. */
  readonly resume: Counts;
  readonly lateness: Counts;
}

export type FromTester =
  | { readonly kind: "hello" }
  /** Tokens were fetched for so many users; the plan is ready when that is all of them. */
  | { readonly kind: "prepared"; readonly users: number }
  | { readonly kind: "ready" }
  /** Each user of this process has arrived, or given up. */
  | { readonly kind: "arrived" }
  | { readonly kind: "second"; readonly report: SecondReport }
  | { readonly kind: "done"; readonly integrity: Integrity; readonly usersConnected: number };
