import type { Clock } from "./clock.ts";
import type { Subprotocol } from "./frames.ts";
import type { Cursors } from "./memberships.ts";
import type { Unsent } from "./posts.ts";
import type { SignIn } from "./sign_in.ts";
import type { Credentials } from "./token_keeper.ts";

/** What a client is made with. */
export interface ClientOptions {
  /** The server: `http://127.0.0.1:4000`, or https. */
  readonly url: string;
  readonly credentials: Credentials;
  /**
   * Told every new sign-in before it is used. A refresh token is good for one use: who wants to
   * come back without a password keeps the newest, durably, before returning.
   */
  readonly onSignIn?: (signIn: SignIn) => void | Promise<void>;
  /** `client.cursors` of an earlier run: goes on where that was. Without, from the present heads. */
  readonly cursors?: Cursors | undefined;
  /** `client.unsent` of an earlier run: what was posted there and is not known to be kept. */
  readonly unsent?: readonly Unsent[];
  /** `hubbub.v1` unless said. */
  readonly subprotocol?: Subprotocol;
  /** The most messages that may wait for their acknowledgement: 1,000 unless said. */
  readonly outboxMessages?: number;
  /** How long a command waits for its answer: 30,000 ms unless said. */
  readonly answerMs?: number;
  /** For tests. */
  readonly clock?: Clock;
  /** For tests: from 0 (inclusive) to 1 (exclusive). */
  readonly random?: () => number;
}

/** Where a page of history lies: below a number, above one, or at the end of the channel. */
export interface HistoryRequest {
  readonly channel: number;
  readonly before?: number;
  readonly after?: number;
  /** As many as the server allows unless said. */
  readonly limit?: number;
}

/** The same as a command has it. */
export function fieldsOf({ channel, before, after, limit = 0 }: HistoryRequest) {
  const from =
    after === undefined
      ? ({ case: "before", value: before ?? 0 } as const)
      : ({ case: "after", value: after } as const);
  return { channel, from, limit };
}
