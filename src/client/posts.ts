import type { Message } from "../wire/gen/hubbub/v1/events_pb.ts";
import { asHubbubError, HubbubError } from "./errors.ts";
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
   * goes again under its nonce until that is known. `failed`: it was not kept, and stays here until
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
  /** Something about the posts of the channel is another. */
  readonly changed: (channel: number) => void;
  /** Posts of an earlier run, in their order. */
  readonly unsent: readonly Unsent[];
}

interface Post extends Unsent {
  /** `earlier`: of an earlier run, and no channel is known yet. `shown`: it came as a message. */
  phase: "earlier" | "in outbox" | "shown" | "failed";
  error: HubbubError | undefined;
}

/**
 * Messages that the application handed over and need not ask about: they are kept here, in their
 * order, until they are in their channel, or until the application decides about one that failed.
 */
export class Posts {
  readonly #options: Options;
  readonly #posts = new Map<string, Post>();
  #isStopped = false;

  constructor(options: Options) {
    this.#options = options;
    for (const { nonce, channelName, body } of options.unsent) {
      const post: Post = { nonce, channelName, body, phase: "earlier", error: undefined };
      this.#posts.set(nonce, post);
    }
  }

  /** What is to be kept for the next run: all that is not known to be in its channel. */
  get unsent(): readonly Unsent[] {
    return Array.from(this.#posts.values(), ({ nonce, channelName, body }) => ({
      nonce,
      channelName,
      body,
    }));
  }

  of(channel: number): readonly PendingMessage[] {
    const pending: PendingMessage[] = [];
    for (const post of this.#posts.values()) {
      if (post.phase === "shown" || this.#channelOf(post) !== channel) continue;
      const { nonce, body, error, phase } = post;
      const isSent = phase === "in outbox" && this.#options.outbox.isUnderWay(nonce);
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
    if (post === undefined || post.phase === "shown") return false;
    if (post.phase === "in outbox" && !this.#options.outbox.remove(nonce)) return false;
    this.#posts.delete(nonce);
    this.#options.changed(this.#channelOf(post));
    return true;
  }

  /**
   * Hot. A message was handed out; `me` is this user. Of each channel one post is under way at a time, so one of
   * the same text is this very message, whose acknowledgement is still to come; that settles it if
   * it is not.
   */
  handedOut({ channel, body, authorId }: Message, me: number | undefined): void {
    if (this.#posts.size === 0 || authorId !== me) return;
    for (const post of this.#posts.values()) {
      const isIt = post.phase === "in outbox" && post.body === body;
      if (!isIt || this.#channelOf(post) !== channel) continue;
      if (!this.#options.outbox.isUnderWay(post.nonce)) continue;
      post.phase = "shown";
      this.#options.changed(channel);
      return;
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
      () => {
        this.#posts.delete(post.nonce);
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

  #fail(post: Post, error: HubbubError): void {
    post.phase = "failed";
    post.error = error;
    this.#options.changed(this.#channelOf(post));
  }

  #channelOf({ channelName }: Post): number {
    return this.#options.memberships.named(channelName)?.id ?? 0;
  }
}
