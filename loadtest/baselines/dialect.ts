import type { Account } from "../accounts.ts";

/** One connection, in its channels and able to send. */
export interface Line {
  /** @param body ASCII without quotes or backslashes; it begins with its stamp. */
  send(channel: number, body: string): void;
  /** Answers that the server owes to this connection's sends; 0 where it gives none. */
  unanswered(): number;
  close(): void;
}

/** What a connection needs to know, and tells. */
export interface Place {
  /** `http://host:port`. */
  readonly url: string;
  /** The channels that it joins, 0 to 9. */
  readonly channels: readonly number[];
  /** Whose connection it is, where the server knows of people. */
  readonly account: Account;
  /** Hot. A message came: its channel, when it was due (0 where it does not say), and when it came. */
  delivered(channel: number, dueUs: number, receivedUs: number): void;
  /** The connection is of no use any more, with a sentence that says why. */
  failed(why: string): void;
}

/**
 * How to get into a server and into channels, how to wrap a message, and how to tell messages in
 * what comes: all that differs between the servers. Rejects where the server does not let it in.
 */
export type Dialect = (place: Place) => Promise<Line>;
