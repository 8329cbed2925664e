import type {
  GoingAway,
  Message,
  Presence,
  TypingMembers,
  Welcome,
} from "../wire/gen/hubbub/v1/events_pb.ts";
import type { HubbubError } from "./errors.ts";
import type { Gap, Membership } from "./memberships.ts";

/**
 * `offline`: not connected yet. `waiting`: the connection was lost and the next try is due.
 * `stopped`: signed out, refused for good, or closed; it does not come back.
 */
export type ClientState = "offline" | "connecting" | "online" | "waiting" | "stopped";

/** Why a state was entered. */
export interface StateDetail {
  /** What ended the last connection or try. */
  readonly error?: HubbubError;
  /** With `waiting`: milliseconds until the next try. */
  readonly retryInMs?: number;
}

/** What an application can listen to. */
export interface ClientEvents {
  /** Each message once, and in the order of its channel, across any number of reconnects. */
  message: (message: Message) => void;
  /** A connection is let in; what was missed is still to come, and the state `online` after it. */
  welcome: (welcome: Welcome) => void;
  /** The user is in a channel now: from an earlier time, by a join here, or elsewhere. */
  joined: (channel: Readonly<Membership>) => void;
  /** The user left, here or elsewhere. `error`: a lost membership could not be taken up again. */
  left: (channel: Readonly<Membership>, error?: HubbubError) => void;
  /** The channel has another name, was archived, or is open again. */
  changed: (channel: Readonly<Membership>, nameBefore: string) => void;
  /**
   * Messages of a channel have been deleted: forget their texts. Of those that were deleted while this client
   * was away, history tells.
   */
  deleted: (channel: number, seqs: readonly number[]) => void;
  /** The numbers of these channels count anew, from `last`: the server has another log. */
  reset: (channels: readonly Readonly<Membership>[]) => void;
  /** These messages of a channel, `from` and `to` included, were missed and are kept no more. */
  gap: (gap: Gap) => void;
  /** Who of a watched channel is online: all of it, each time. A server may be too busy to say, or too old. */
  presence: (presence: Presence) => void;
  /**
   * Who is typing in a watched channel, this user perhaps among them: all of it, each time. To be
   * forgotten after 15 seconds, when a message of theirs comes, and when the connection is lost.
   */
  typing: (typing: TypingMembers) => void;
  state: (state: ClientState, detail: StateDetail) => void;
  /** The sign-in has ended; the state is `stopped`. */
  signedOut: (error: HubbubError) => void;
  /** What is pending in this channel is another: see `HubbubClient.pending`. */
  pending: (channel: number) => void;
  /** The server is about to stop; the client comes back when it says. */
  goingAway: (notice: GoingAway) => void;
  /** The server holds this many bytes that this connection has not read yet. */
  slow: (bufferedBytes: number) => void;
}

/** Handlers by event. A handler that throws disturbs neither the others nor the delivery. */
export class Listeners {
  readonly #handlers: { [Name in keyof ClientEvents]: Set<ClientEvents[Name]> } = {
    message: new Set(),
    welcome: new Set(),
    joined: new Set(),
    left: new Set(),
    changed: new Set(),
    deleted: new Set(),
    reset: new Set(),
    gap: new Set(),
    presence: new Set(),
    typing: new Set(),
    state: new Set(),
    signedOut: new Set(),
    pending: new Set(),
    goingAway: new Set(),
    slow: new Set(),
  };

  /** Returns the function that ends the listening. */
  on<Name extends keyof ClientEvents>(name: Name, handler: ClientEvents[Name]): () => void {
    const handlers = this.#handlers[name];
    handlers.add(handler);
    return () => {
      handlers.delete(handler);
    };
  }

  /** Calls the handlers at once, in the order in which they were added. */
  emit<Name extends keyof ClientEvents>(
    name: Name,
    ...values: Parameters<ClientEvents[Name]>
  ): void {
    for (const handler of this.#handlers[name]) {
      try {
        (handler as (...given: Parameters<ClientEvents[Name]>) => void)(...values);
      } catch (error) {
        reportLater(error);
      }
    }
  }
}

/** A fault of the application surfaces as an uncaught exception of its own. */
export function reportLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
