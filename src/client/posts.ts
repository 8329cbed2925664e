import type { Message } from "../wire/gen/hubbub/v1/events_pb.ts";
import { asHubbubError, HubbubError } from "./errors.ts";
import type { Listeners } from "./events.ts";
import type { Membership, Memberships } from "./memberships.ts";
import type { Outbox } from "./outbox.ts";

/** A message of this client that is not in its channel yet, as far as is known here. */
export interface PendingMessage {
  readonly nonce: string;
  /** The channel's number; 0 while this client is not in it. */
  readonly channel: number;
  readonly body: string;
  /**
   * `waiting`: for a connection, or for its turn. `sent-unacknowledged`: it may be kept or not, and
   * goes again under its nonce until that is known; or it is kept, and comes as a message once those
   * before it have come. `failed`: it was not kept, and stays here until
   * `retry` or `discard`.
   */
  readonly state: "waiting" | "sent-unacknowledged" | "failed";
  /** Why it failed. */
  readonly error?: HubbubError;
}

/** What an application keeps of a post, so that it survives a restart and is still kept once. */
export interface Unsent {
  readonly nonce: string;
  /** By name, for in another log the channel has another number. */
  readonly channelName: string;
  readonly body: string;
}

interface Options {
  readonly memberships: Memberships;
  readonly outbox: Outbox;
  readonly listeners: Listeners;
  /** This user's id, once it is known. */
  readonly me: () => number | undefined;
  /** Something about the posts of the channel is another. */
  readonly changed: (channel: number) => void;
  /** Posts of an earlier run, in their order. */
  readonly unsent: readonly Unsent[];
}

interface Post extends Unsent {
  channelName: string;
  /**
   * `earlier`: of an earlier run, and no channel is known yet. `acknowledged`: it is kept, and comes
   * as a message when what was missed before it has come. `shown`: it came as a message.
   */
  phase: "earlier" | "in outbox" | "acknowledged" | "shown" | "failed";
  error: HubbubError | undefined;
}

/** An acknowledged post that its channel has not reached yet. */
interface Awaited {
  readonly nonce: string;
  readonly seq: number;
}

/**
 * Messages that the application handed over and need not ask about: they are kept here, in their
 * order, until they are in their channel, or until the application decides about one that failed.
 */
export class Posts {
  readonly #options: Options;
  readonly #posts = new Map<string, Post>();
  /** In the order of their numbers. */
  readonly #awaited = new Map<Membership, Awaited[]>();
  #isStopped = false;

  constructor(options: Options) {
    this.#options = options;
    for (const { nonce, channelName, body } of options.unsent) {
      const post: Post = { nonce, channelName, body, phase: "earlier", error: undefined };
      this.#posts.set(nonce, post);
    }
    const { listeners } = options;
    listeners.on("message", (message) => this.#handedOut(message));
    // Then no message comes that they would wait for.
    listeners.on("gap", ({ channel, to }) => this.#letGo(channel, to));
    listeners.on("left", (membership) => this.#letGo(membership, Number.POSITIVE_INFINITY));
    listeners.on("changed", ({ name }, before) => this.#renamed(before, name));
    listeners.on("reset", (memberships) => {
      for (const membership of memberships) this.#letGo(membership, Number.POSITIVE_INFINITY);
    });
  }

  /** What is to be kept for the next run: all that is not known to be in its channel. */
  get unsent(): readonly Unsent[] {
    return Array.from(this.#posts.values())
      .filter(({ phase }) => phase !== "acknowledged")
      .map(({ nonce, channelName, body }) => ({ nonce, channelName, body }));
  }

  of(channel: number): readonly PendingMessage[] {
    const pending: PendingMessage[] = [];
    for (const post of this.#posts.values()) {
      if (post.phase === "shown" || this.#channelOf(post) !== channel) continue;
      const { nonce, body, error, phase } = post;
      const isSent =
        phase === "acknowledged" ||
        (phase === "in outbox" && this.#options.outbox.isUnderWay(nonce));
      const state =
        phase === "failed" ? "failed" : isSent ? "sent-unacknowledged" : ("waiting" as const);
      pending.push({ nonce, channel, body, state, ...(error === undefined ? {} : { error }) });
    }
    return pending;
  }

  add(membership: Membership, body: string, nonce: string): void {
    const { name: channelName } = membership;
    const post: Post = { nonce, channelName, body, phase: "in outbox", error: undefined };
    this.#posts.set(nonce, post);
    this.#hand(post, membership);
  }

  /** The channels are known: posts of an earlier run go on their way, in front of all others. */
  begin(): void {
    for (const post of this.#posts.values()) {
      if (post.phase === "earlier") this.#tryAgain(post);
    }
  }

  /** Tries again to send a post that failed, under the same nonce. */
  retry(nonce: string): void {
    const post = this.#posts.get(nonce);
    if (post?.phase === "failed") this.#tryAgain(post);
  }

  /** Forgets a post, unless it may have been sent already; returns whether it is forgotten. */
  discard(nonce: string): boolean {
    const post = this.#posts.get(nonce);
    if (post === undefined || post.phase === "shown" || post.phase === "acknowledged") return false;
    if (post.phase === "in outbox" && !this.#options.outbox.remove(nonce)) return false;
    this.#posts.delete(nonce);
    this.#options.changed(this.#channelOf(post));
    return true;
  }

  /** A channel has another name. */
  #renamed(before: string, name: string): void {
    for (const post of this.#posts.values()) {
      if (post.channelName === before) post.channelName = name;
    }
  }

  /** There will be no further connection: what waits goes on waiting, for the next run. */
  stop(): void {
    this.#isStopped = true;
  }

  #tryAgain(post: Post): void {
    const membership = this.#options.memberships.named(post.channelName);
    if (membership === undefined) {
      this.#fail(post, new HubbubError("NOT_A_MEMBER", "Join the channel first."));
      return;
    }
    post.phase = "in outbox";
    post.error = undefined;
    this.#hand(post, membership);
  }

  #hand(post: Post, membership: Membership): void {
    const { outbox, changed } = this.#options;
    outbox.add(membership, post.body, post.nonce).then(
      ({ seq }) => {
        // While what was missed is still on its way, it would be in neither place.
        if (membership.last < seq && membership.phase !== "ended") {
          post.phase = "acknowledged";
          const awaited = this.#awaited.get(membership) ?? [];
          this.#awaited.set(membership, [...awaited, { nonce: post.nonce, seq }]);
        } else {
          this.#posts.delete(post.nonce);
        }
        changed(membership.id);
      },
      (thrown) => {
        if (!this.#isStopped && this.#posts.get(post.nonce) === post) {
          this.#fail(post, asHubbubError(thrown));
        }
      },
    );
    changed(membership.id);
  }

  /**
   * Hot. A message was handed out. Of each channel one post is under way at a time, so one of
   * the same text is this very message, whose acknowledgement is still to come; that settles it if
   * it is not.
   */
  #handedOut({ channel, seq, body, authorId }: Message): void {
    if (this.#posts.size === 0) return;
    const membership = this.#options.memberships.get(channel);
    if (membership !== undefined && this.#letGo(membership, seq)) return;
    if (authorId !== this.#options.me()) return;
    for (const post of this.#posts.values()) {
      const isIt = post.phase === "in outbox" && post.body === body;
      if (!isIt || this.#channelOf(post) !== channel) continue;
      if (!this.#options.outbox.isUnderWay(post.nonce)) continue;
      post.phase = "shown";
      this.#options.changed(channel);
      return;
    }
  }

  /** Forgets acknowledged posts up to this number, which are in their channel; says if there were any. */
  #letGo(membership: Readonly<Membership>, seq: number): boolean {
    const awaited = this.#awaited.get(membership);
    if (awaited === undefined || (awaited[0]?.seq ?? 0) > seq) return false;
    const left = awaited.filter((post) => post.seq > seq);
    if (left.length === 0) this.#awaited.delete(membership);
    else this.#awaited.set(membership, left);
    for (const { nonce } of awaited.slice(0, awaited.length - left.length)) {
      this.#posts.delete(nonce);
    }
    this.#options.changed(membership.id);
    return true;
  }

  #fail(post: Post, error: HubbubError): void {
    post.phase = "failed";
    post.error = error;
    this.#options.changed(this.#channelOf(post));
  }

  #channelOf({ channelName }: Post): number {
    return this.#options.memberships.named(channelName)?.id ?? 0;
  }
}
