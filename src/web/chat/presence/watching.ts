import { type ReadonlySignal, signal } from "@preact/signals";
import type { HubbubClient } from "../../../client/client.ts";
import type { Member, Presence } from "../../../wire/gen/hubbub/v1/events_pb.ts";

/** Who is typing, this user aside: some by name, and how many more. */
export interface Typists {
  readonly names: readonly string[];
  readonly more: number;
}

const NOBODY: Typists = { names: [], more: 0 };

/** The server says it again earlier while it goes on. */
const TYPING_GOOD_MS = 15_000;

interface Options {
  readonly client: HubbubClient;
  /** The id of the channel that is open. */
  readonly channel: number;
  /** The account's own id, which is not told that it is typing. */
  readonly me: number;
}

/**
 * Who is online and who is typing in the open channel, as the server says, for as long as that holds.
 * While the page is hidden, nothing is asked for.
 */
export class Watching {
  readonly #options: Options;
  readonly #presence = signal<Presence | undefined>(undefined);
  readonly #typists = signal<Typists>(NOBODY);
  #members: readonly Member[] = [];
  #count = 0;
  #forgetting: ReturnType<typeof setTimeout> | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** The channel is shown from now on; the function returned ends that. */
  open(): () => void {
    const { client, channel } = this.#options;
    const look = () => client.watch(document.visibilityState === "visible" ? [channel] : []);
    document.addEventListener("visibilitychange", look);
    const ends = [
      client.on("presence", (presence) => {
        if (presence.channel === channel) this.#presence.value = presence;
      }),
      client.on("typing", ({ channel: id, typing, typingCount }) => {
        if (id === channel) this.#typing(typing, typingCount);
      }),
      client.on("message", ({ channel: id, authorId }) => {
        if (id === channel && this.#count > 0) this.#wrote(authorId);
      }),
      client.on("state", (state) => {
        if (state === "online") return;
        // Who is there now, nobody here knows; the server says so when it is back.
        this.#typing([], 0);
        this.#presence.value = undefined;
      }),
      () => document.removeEventListener("visibilitychange", look),
      () => client.watch([]),
      () => clearTimeout(this.#forgetting),
    ];
    look();
    return () => {
      for (const end of ends) end();
    };
  }

  /** Undefined until the server has said, and for good where it is an older one. */
  get presence(): ReadonlySignal<Presence | undefined> {
    return this.#presence;
  }

  get typists(): ReadonlySignal<Typists> {
    return this.#typists;
  }

  #typing(members: readonly Member[], count: number): void {
    clearTimeout(this.#forgetting);
    this.#members = members;
    this.#count = count;
    const others = members.filter(({ userId }) => userId !== this.#options.me);
    const own = members.length - others.length;
    const names = others.slice(0, 2).map(({ user }) => user);
    const more = Math.max(0, count - own - names.length);
    this.#typists.value = names.length === 0 ? NOBODY : { names, more };
    if (count === 0) return;
    this.#forgetting = setTimeout(() => this.#typing([], 0), TYPING_GOOD_MS);
  }

  /** Whoever has sent a message has ended typing it; the server says so a little later. */
  #wrote(author: number): void {
    const left = this.#members.filter(({ userId }) => userId !== author);
    if (left.length < this.#members.length) this.#typing(left, this.#count - 1);
  }
}
