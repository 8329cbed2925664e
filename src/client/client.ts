import type {
  ChannelList,
  HistoryPage,
  MemberList,
  Pong,
  Sent,
  Welcome,
} from "../wire/gen/hubbub/v1/events_pb.ts";
import { systemClock } from "./clock.ts";
import type { Connection, Ending } from "./connection.ts";
import { Dialer } from "./dialer.ts";
import { closed, HubbubError } from "./errors.ts";
import { type ClientEvents, type ClientState, Listeners, type StateDetail } from "./events.ts";
import type { Answer, CommandFields, CommandName } from "./frames.ts";
import { Intake } from "./intake.ts";
import { type Cursors, type Membership, Memberships } from "./memberships.ts";
import { uuidv7 } from "./nonce.ts";
import { type ClientOptions, fieldsOf, type HistoryRequest } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { type PendingMessage, Posts, type Unsent } from "./posts.ts";
import { Reconnector } from "./reconnector.ts";
import { WatchList } from "./watch_list.ts";

/**
 * A client for browsers, Bun and Node.
 *
 *     const client = new HubbubClient({ url, credentials: { name, password } });
 *     client.on("message", ({ author, body }) => show(author, body));
 *     await client.connect();
 *     const { id } = await client.join("general");
 *     await client.send(id, "hello");
 *
 * 1. Listeners see each message of a channel once and in order, across any number of reconnects.
 * 2. A send that was taken in is repeated until it is acknowledged or refused, and kept once.
 * 3. Every other command is sent once: it rejects with DISCONNECTED if the connection is lost.
 */
export class HubbubClient {
  readonly #listeners = new Listeners();
  readonly #memberships: Memberships;
  readonly #shared;
  readonly #outbox: Outbox;
  readonly #posts: Posts;
  readonly #watchList: WatchList;
  readonly #dialer: Dialer;
  readonly #reconnector: Reconnector;
  readonly #firstOnline = Promise.withResolvers<void>();
  #state: ClientState = "offline";
  #connection: Connection | undefined;
  #welcome: Welcome | undefined;

  constructor(options: ClientOptions) {
    this.#memberships = new Memberships(options.cursors);
    this.#shared = {
      clock: options.clock ?? systemClock,
      random: options.random ?? Math.random,
      memberships: this.#memberships,
      listeners: this.#listeners,
    };
    const changed = (channel: number) => this.#listeners.emit("pending", channel);
    this.#outbox = new Outbox({
      ...this.#shared,
      messages: options.outboxMessages ?? 1000,
      onUnderWay: ({ id }) => changed(id),
    });
    this.#posts = new Posts({
      ...this.#shared,
      outbox: this.#outbox,
      me: () => this.#welcome?.userId,
      changed,
      unsent: options.unsent ?? [],
    });
    this.#watchList = new WatchList(this.#shared);
    this.#dialer = new Dialer(options, this.#shared.clock);
    this.#reconnector = new Reconnector({
      ...this.#shared,
      connect: () => this.#connectOnce(),
      onSignedOut: () => this.#dialer.distrustToken(),
      onState: (state, detail) => this.#enter(state, detail),
      onStop: (error) => this.#stop(error),
    });
    // Who never awaits connect() hears of a stop by the event.
    this.#firstOnline.promise.catch(() => {});
  }

  get state(): ClientState {
    return this.#state;
  }

  /** The last welcome: who this is, the server's limits and durability. */
  get welcome(): Welcome | undefined {
    return this.#welcome;
  }

  /** The channels this client is in. */
  get channels(): readonly Readonly<Membership>[] {
    return this.#memberships.all;
  }

  /** How much of each channel was handed out; to be kept together with what was done about it. */
  get cursors(): Cursors | undefined {
    return this.#memberships.cursors;
  }

  /** Listens to an event; the function returned ends that. */
  on<Name extends keyof ClientEvents>(name: Name, handler: ClientEvents[Name]): () => void {
    return this.#listeners.on(name, handler);
  }

  /**
   * Resolves when the client is online for the first time. A server that cannot be reached is tried
   * again for as long as it takes; the `state` event tells.
   *
   * @throws HubbubError when the client has stopped: wrong password, signed out, refused, closed.
   */
  connect(): Promise<void> {
    if (this.#state === "offline") this.#reconnector.start();
    return this.#firstOnline.promise;
  }

  /** Joins a channel, and makes it if there is none. Its messages are delivered from `last` on. */
  async join(name: string): Promise<Readonly<Membership>> {
    const { channel } = await this.#request("join", { name });
    const membership = channel && this.#memberships.get(channel.id);
    if (!membership) throw new HubbubError("UNEXPECTED_ANSWER", "Joined without a channel.");
    membership.isOwnJoin = true;
    return membership;
  }

  async leave(channel: number): Promise<void> {
    const membership = this.#memberships.find(channel);
    // Before the answer: if that is lost, the server's next welcome is right about it.
    if (membership) membership.isOwnJoin = false;
    await this.#request("leave", { channel });
  }

  /**
   * Sends a message to a channel this client is in; resolves when it is durable. Messages to one
   * channel arrive in the order of the calls.
   *
   * @param nonce the caller's own, to send again what an earlier run may have sent.
   * @throws HubbubError BODY_TOO_LARGE, OUTBOX_FULL, ...: it was not sent. CLOSED, SIGNED_OUT or
   * REFUSED when the client stops before the acknowledgement, and NOT_A_MEMBER when the channel was
   * left meanwhile: it may have been sent or not.
   */
  async send(channel: number, body: string, nonce?: string): Promise<Sent> {
    if (this.#state === "stopped") throw closed();
    const membership = this.#memberships.find(channel);
    if (!membership) throw new HubbubError("NOT_A_MEMBER", "Join the channel first.");
    this.#watchList.sent(membership);
    return this.#outbox.add(membership, body, nonce ?? uuidv7(this.#shared.clock.nowMs()));
  }

  /**
   * Hands over a message to a channel this client is in, as `send` does, for those who do not wait for
   * the end of it: until then it is among `pending`, also if it failed.
   *
   * @throws HubbubError NOT_A_MEMBER, CLOSED.
   */
  post(channel: number, body: string): void {
    if (this.#state === "stopped") throw closed();
    const membership = this.#memberships.find(channel);
    if (!membership) throw new HubbubError("NOT_A_MEMBER", "Join the channel first.");
    this.#watchList.sent(membership);
    this.#posts.add(membership, body, uuidv7(this.#shared.clock.nowMs()));
  }

  /** What was posted to a channel and is not in it yet, in order; the event `pending` tells of changes. */
  pending(channel: number): readonly PendingMessage[] {
    return this.#posts.of(channel);
  }

  /** All that was posted and is not known to be kept: for `ClientOptions.unsent` of the next run. */
  get unsent(): readonly Unsent[] {
    return this.#posts.unsent;
  }

  /** Sends a post that failed once more, under its nonce, so that it is never kept twice. */
  retry(nonce: string): void {
    this.#posts.retry(nonce);
  }

  /** Forgets a post that waits or failed. False where it may be sent already. */
  discard(nonce: string): boolean {
    return this.#posts.discard(nonce);
  }

  /** Tries to connect now, where the state is `waiting`. */
  reconnectNow(): void {
    this.#reconnector.tryNow();
  }

  /** @param after the last id of the page before. */
  listChannels(after = 0, limit = 0): Promise<ChannelList> {
    return this.#request("listChannels", { after, limit });
  }

  /** Who of the channel is connected now. */
  listMembers(channel: number, limit = 0): Promise<MemberList> {
    return this.#request("listMembers", { channel, limit });
  }

  /** Watches who is online and who is typing in these channels, four at most, and in no others. */
  watch(channels: readonly number[]): void {
    this.#watchList.watch(channels);
  }

  /** Tells those who watch the channel that this user is typing. To be called at every keystroke. */
  typing(channel: number): void {
    this.#watchList.typing(channel);
  }

  /** A page of a channel's messages, in ascending order. It does not touch what is delivered. */
  history(request: HistoryRequest): Promise<HistoryPage> {
    return this.#request("readHistory", fieldsOf(request));
  }

  /** Takes the whole way of a message and back. */
  ping(): Promise<Pong> {
    return this.#request("ping", {});
  }

  /**
   * Sets another password. All other sign-ins of the account end; this client goes on, after the
   * server has closed its connection once, under tokens that `onSignIn` is told. With shared
   * credentials, use theirs.
   *
   * @throws HubbubError INVALID_CREDENTIALS where `current` is wrong, and others.
   */
  changePassword(current: string, next: string): Promise<void> {
    return this.#dialer.changePassword(current, next);
  }

  /** Resolves when every send so far is acknowledged or refused. */
  flush(): Promise<void> {
    return this.#outbox.flushed();
  }

  /**
   * Stops. Sends that wait reject with CLOSED.
   *
   * @param flushMs how long to wait for their acknowledgements first.
   */
  async close({ flushMs = 0 } = {}): Promise<void> {
    if (this.#state === "stopped") return;
    if (flushMs > 0 && this.#outbox.size > 0) await this.#outbox.flushedWithin(flushMs);
    this.#reconnector.stop();
    this.#stop(closed());
  }

  #request<Name extends CommandName>(
    name: Name,
    fields: CommandFields<Name>,
  ): Promise<Answer<Name>> {
    if (this.#connection) return this.#connection.request(name, fields);
    return Promise.reject(new HubbubError("DISCONNECTED", "There is no connection now."));
  }

  async #connectOnce(): Promise<Ending> {
    const intake = new Intake({
      ...this.#shared,
      outbox: this.#outbox,
      watchList: this.#watchList,
      onWelcome: (welcome) => {
        this.#welcome = welcome;
        this.#posts.begin();
      },
      onLive: () => {
        this.#reconnector.online();
        this.#firstOnline.resolve();
      },
      onGoingAway: (notice) => {
        if (this.#connection) this.#reconnector.comeBackAfter(notice, this.#connection);
      },
    });
    const connection = await this.#dialer.dial((event) => intake.take(event));
    intake.attach(connection);
    this.#connection = connection;
    // It may have been closed while the token was fetched.
    if (this.#state === "stopped") connection.close();
    return connection.ended;
  }

  #enter(state: ClientState, detail: StateDetail): void {
    this.#state = state;
    this.#listeners.emit("state", state, detail);
  }

  #stop(error: HubbubError): void {
    this.#connection?.close();
    this.#posts.stop();
    this.#firstOnline.reject(error);
    this.#enter("stopped", { error });
    if (error.action === "sign in again") this.#listeners.emit("signedOut", error);
    this.#outbox.fail(error);
  }
}
