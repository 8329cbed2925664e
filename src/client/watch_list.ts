import type { Presence, TypingMembers } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { Event } from "../wire/gen/hubbub/v1/frames_pb.ts";
import { backoffMs } from "./backoff.ts";
import { type Clock, sleep } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { asHubbubError } from "./errors.ts";
import type { Listeners } from "./events.ts";
import type { Membership, Memberships } from "./memberships.ts";

/** As many as a server takes. */
const MOST_WATCHED = 4;
/** Typing is said again this often; the server forgets it after 5 seconds. */
const TYPING_EVERY_MS = 3000;

interface Options {
  readonly memberships: Memberships;
  readonly listeners: Listeners;
  readonly clock: Clock;
  readonly random: () => number;
}

/**
 * The channels of which the application wants to hear who is online and who is typing. Each connection
 * is told them anew; a server that does not know of such things is left in peace.
 */
export class WatchList {
  readonly #options: Options;
  #wanted: readonly Membership[] = [];
  #connection: Connection | undefined;
  /** The ids that were asked for last on this connection. */
  #asked: readonly number[] = [];
  #isAsking = false;
  readonly #typedAtMs = new Map<Membership, number>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Asks on this connection from now on. */
  attach(connection: Connection): void {
    this.#connection = connection;
    this.#asked = [];
    this.#isAsking = false;
    this.#typedAtMs.clear();
    this.refresh();
  }

  /** Watches these and no others. */
  watch(channels: readonly number[]): void {
    const { memberships } = this.#options;
    const wanted = channels.flatMap((id) => memberships.find(id) ?? []);
    this.#wanted = [...new Set(wanted)].slice(0, MOST_WATCHED);
    this.refresh();
  }

  /** To be called when a membership has changed. */
  refresh(): void {
    const connection = this.#connection;
    if (!connection || connection.isOver || this.#isAsking) return;
    const present = this.#wanted.filter(({ phase }) => phase === "live" || phase === "catching up");
    const channels = present.map(({ id }) => id);
    if (channels.join() === this.#asked.join()) return;
    this.#isAsking = true;
    void this.#ask(connection, channels);
  }

  /** The user is typing: said at once, and not again too soon. */
  typing(channel: number): void {
    const membership = this.#options.memberships.get(channel);
    const connection = this.#connection;
    if (!membership || !connection || connection.isOver) return;
    const nowMs = this.#options.clock.nowMs();
    const since = nowMs - (this.#typedAtMs.get(membership) ?? Number.NEGATIVE_INFINITY);
    if (since >= 0 && since < TYPING_EVERY_MS) return;
    this.#typedAtMs.set(membership, nowMs);
    connection.request("typing", { channel }).catch((thrown) => this.#refused(connection, thrown));
  }

  /** A message is sent to the channel: what is typed from now on is the next one. */
  sent(membership: Membership): void {
    this.#typedAtMs.delete(membership);
  }

  take(event: Event["event"]): void {
    switch (event.case) {
      case "presence":
        this.#presence(event.value);
        break;
      case "typing":
        this.#typing(event.value);
        break;
      case "watching": {
        const { presence, typing } = event.value;
        for (const picture of presence) this.#presence(picture);
        for (const picture of typing) this.#typing(picture);
        break;
      }
    }
  }

  #presence(picture: Presence): void {
    if (this.#isWanted(picture.channel)) this.#options.listeners.emit("presence", picture);
  }

  #typing(picture: TypingMembers): void {
    if (this.#isWanted(picture.channel)) this.#options.listeners.emit("typing", picture);
  }

  #isWanted(channel: number): boolean {
    return this.#wanted.some(({ id }) => id === channel);
  }

  async #ask(connection: Connection, channels: number[]): Promise<void> {
    try {
      await connection.request("watch", { channels });
    } catch (thrown) {
      const error = asHubbubError(thrown);
      this.#refused(connection, error);
      if (error.action === "retry later" && !connection.isOver) {
        const { clock, random } = this.#options;
        await sleep(clock, error.retryAfterMs || backoffMs(0, random));
        return this.#again(connection);
      }
    }
    if (this.#connection === connection) this.#asked = channels;
    this.#again(connection);
  }

  /** Meanwhile other channels may be wanted. */
  #again(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#isAsking = false;
    this.refresh();
  }

  /** A server that knows no such command is not asked again on this connection. */
  #refused(connection: Connection, thrown: unknown): void {
    const isUnknown = asHubbubError(thrown).code === "UNIMPLEMENTED";
    if (isUnknown && this.#connection === connection) this.#connection = undefined;
  }
}
