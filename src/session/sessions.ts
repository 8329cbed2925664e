import { create } from "@bufbuild/protobuf";
import type { Channel } from "../channels/channel.ts";
import type { ChangedAccount } from "../store/account_watch.ts";
import { CloseCode } from "../wire/codes.ts";
import {
  GoingAwaySchema,
  SlowConsumerSchema,
  WelcomeSchema,
} from "../wire/gen/hubbub/v1/events_pb.ts";
import type { Event } from "../wire/gen/hubbub/v1/frames_pb.ts";
import { describeChannel } from "./describe.ts";
import type { Session } from "./session.ts";

/**
 * How long clients are told to wait before they come back, and over what time to spread. Another server is there
 * after a tenth of a second at the soonest; who comes too early tries again soon, and costs nobody anything.
 */
const COME_BACK_AFTER_MS = 250;
const LEAST_SPREAD_MS = 500;
/** So two thousand a second come back, which takes less than half of a core. */
const SPREAD_MS_PER_CONNECTION = 0.5;

/** How long a device may take to hear of its new tokens before its sockets are closed. */
const RENEWAL_MS = 2000;

/** Every open session. */
export class Sessions {
  readonly #all = new Set<Session>();
  readonly #bySignIn = new Map<string, Set<Session>>();

  get count(): number {
    return this.#all.size;
  }

  /** The socket of a session is open: makes its user present and welcomes it. `channels` as there. */
  opened(session: Session, channels?: readonly number[]): void {
    const { counters, greeting, now } = session.services;
    session.opened(channels);
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
   * Brings the connections of an account that was changed in line with what it is now: those that
   * may not go on are closed, a new role counts at once. Where the sign-in goes on under new tokens,
   * after a change of password, its connections were opened with old ones, perhaps by a thief: they
   * are closed as soon as its device knows the new ones.
   *
   * @param isLive whether a sign-in of the account has not ended.
   */
  accountChanged(
    account: ChangedAccount,
    isLive: (accountId: number, signInId: string) => boolean,
  ): void {
    for (const session of this.#all) {
      const { accountId, sessionId, epoch, role } = session.identity;
      if (accountId !== account.id) continue;
      if (account.isDisabled || !isLive(accountId, sessionId)) {
        session.close(CloseCode.SIGNED_OUT);
        continue;
      }
      if (role !== account.role) session.changeRole(account.role);
      if (epoch !== account.epoch) {
        setTimeout(() => session.close(CloseCode.SIGNED_OUT), RENEWAL_MS).unref();
      }
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

  /** Tells all connections of the channel's members. For what happens rarely: it looks at each session. */
  tellMembers(channel: Channel, event: Event["event"]): void {
    for (const session of this.#all) {
      if (session.user.channels.has(channel.id)) session.answer(0, event);
    }
  }

  /** Tells everybody that the server stops. */
  announceGoingAway(): void {
    const value = create(GoingAwaySchema, {
      afterMs: COME_BACK_AFTER_MS,
      spreadMs: Math.max(LEAST_SPREAD_MS, Math.round(this.count * SPREAD_MS_PER_CONNECTION)),
    });
    for (const session of this.#all) session.answer(0, { case: "goingAway", value });
  }

  /** Closes every connection. */
  closeAll(): void {
    for (const session of [...this.#all]) session.close(CloseCode.GOING_AWAY);
  }
}
