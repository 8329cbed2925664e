/** What the coordinator and the process that signs in tell each other over Bun's IPC. */
import type { Counts } from "../tester/tally.ts";

/** Who signs in, and where. */
export interface SignerPlan {
  readonly url: string;
  /** The one password of all accounts. */
  readonly password: string;
  /** Names that sign in with it; each comes from a network of its own. */
  readonly members: readonly string[];
  /** Names that are tried with another, from many networks; not all of them exist. */
  readonly targets: readonly string[];
}

/** One window's sign-ins. */
export interface StreamOrder {
  readonly password: "right" | "wrong";
  readonly count: number;
  readonly startUs: number;
  /** Between two of them; 0: all at once. */
  readonly everyUs: number;
}

/** What became of one window's sign-ins. */
export interface StreamReport {
  readonly signedIn: number;
  /** Refused for now, with the time to come back in. */
  readonly toldWhen: number;
  /** Told that the password is wrong, as it was. */
  readonly toldWrong: number;
  /** Anything else, by code: no answer by the deadline, an answer that fits neither the password nor the protocol. */
  readonly faults: Readonly<Record<string, number>>;
  /** Microseconds from due to welcomed on the socket, of those signed in. */
  readonly signIn: Counts;
  /** Microseconds from due to refused, of all others that were answered. */
  readonly refusal: Counts;
  /** CPU time of the process meanwhile. */
  readonly cpuUs: number;
}

export type ToSigner =
  | { readonly kind: "plan"; readonly plan: SignerPlan }
  | { readonly kind: "stream"; readonly order: StreamOrder };

export type FromSigner =
  | { readonly kind: "hello" }
  /** Every sign-in of the order has been answered, or was given up. */
  | { readonly kind: "streamed"; readonly report: StreamReport };
