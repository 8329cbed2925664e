import { create } from "@bufbuild/protobuf";
import { CloseCode } from "../wire/codes.ts";
import {
  GoingAwaySchema,
  SlowConsumerSchema,
  WelcomeSchema,
} from "../wire/gen/hubbub/v1/events_pb.ts";
import { describeChannel } from "./describe.ts";
import type { Session } from "./session.ts";

/** How long clients are told to wait before they come back, and over what time to spread. */
const COME_BACK_AFTER_MS = 1000;
const COME_BACK_SPREAD_MS = 4000;

/** Every open session. */
export class Sessions {
  readonly #all = new Set<Session>();
  readonly #bySignIn = new Map<string, Set<Session>>();

  get count(): number {
    return this.#all.size;
  }

  /** The socket of a session is open: makes its user present and welcomes it. */
  opened(session: Session): void {
    const { counters, greeting, now } = session.services;
    session.opened();
    this.#all.add(session);
    const { sessionId } = session.identity;
    const ofSignIn = this.#bySignIn.get(sessionId) ?? new Set();
    this.#bySignIn.set(sessionId, ofSignIn.add(session));
    counters.connections += 1;
    counters.connectionsOpened += 1;
    const { user } = session;
    const value = create(WelcomeSchema, {
      ...greeting,
      userId: user.id,
      user: user.name,
      timeMs: now(),
      channels: [...user.channels.values()].map(describeChannel),
    });
    session.answer(0, { case: "welcome", value });
  }

  /** The socket of a session is closed; `code` is what it is counted under. */
  closed(session: Session, code: string): void {
    if (!this.#all.delete(session)) return;
    const { sessionId } = session.identity;
    const ofSignIn = this.#bySignIn.get(sessionId);
    ofSignIn?.delete(session);
    if (ofSignIn?.size === 0) this.#bySignIn.delete(sessionId);
    const { counters } = session.services;
    counters.connections -= 1;
    counters.closed(code);
    session.closed();
  }

  /** The sign-ins that have a connection. */
  signIns(): Iterable<string> {
    return this.#bySignIn.keys();
  }

  /** Closes the connections of a sign-in that has ended. */
  endSignIn(signInId: string): void {
    for (const session of [...(this.#bySignIn.get(signInId) ?? [])]) {
      session.close(CloseCode.SIGNED_OUT);
    }
  }

  /**
   * Warns sessions that read too slowly and closes those past the limit. Called a few times a
   * second; between two calls Bun's own `backpressureLimit` bounds what waits.
   */
  checkSlow(outboundBytes: number): void {
    for (const session of this.#all) {
      const bufferedBytes = session.socket.getBufferedAmount();
      if (bufferedBytes > outboundBytes) {
        session.close(CloseCode.SLOW_CONSUMER);
      } else if (bufferedBytes > outboundBytes / 2 && !session.isSlow) {
        session.isSlow = true;
        const value = create(SlowConsumerSchema, { bufferedBytes });
        session.answer(0, { case: "slowConsumer", value });
      }
    }
  }

  /** Tells everybody that the server stops. */
  announceGoingAway(): void {
    const value = create(GoingAwaySchema, {
      afterMs: COME_BACK_AFTER_MS,
      spreadMs: COME_BACK_SPREAD_MS,
    });
    for (const session of this.#all) session.answer(0, { case: "goingAway", value });
  }

  /** Closes every connection. */
  closeAll(): void {
    for (const session of [...this.#all]) session.close(CloseCode.GOING_AWAY);
  }
}
