import type { Counters } from "../monitor/counters.ts";
import type { Subscriptions } from "../store/subscriptions.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { Channel } from "./channel.ts";
import type { Channels } from "./channels.ts";
import { type Connection, User } from "./user.ts";

interface Options {
  readonly channels: Channels;
  readonly subscriptions: Subscriptions;
  /** The channels that the file says an account is in: one indexed read. */
  readonly stored: (account: number) => readonly number[];
  /** The highest account id when the channels' members were counted; ids only go up. */
  readonly newestAccount: number;
  readonly channelsPerUser: number;
  readonly counters: Counters;
  /** A channel has other members, or others of them are online; `user` came or went. */
  readonly changed: (channel: Channel, user?: User) => void;
  /** A flush at a user's last disconnect failed; the changes wait for the next one. */
  readonly flushFailed: (error: unknown) => void;
}

/**
 * Who is connected, and who is in which channel. A user with several connections is one user:
 * what one connection joins or leaves, all of them do.
 *
 * While a user is here, memory is the truth and the file follows (write-behind). So a user is
 * forgotten only when the last connection is gone *and* the file has caught up.
 */
export class Membership {
  readonly #options: Options;
  readonly #users = new Map<number, User>();
  /** Accounts that are newer than the counting at the start, and have been counted since. */
  readonly #counted = new Set<number>();

  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * Counts a new account as a member of the channels that it begins in. Once for each: accounts may
   * also be made beside the server, and are then counted when they first connect.
   */
  count(account: number, stored?: readonly number[]): void {
    if (this.#isCounted(account)) return;
    this.#counted.add(account);
    for (const id of stored ?? this.#options.stored(account)) {
      const channel = this.#options.channels.get(id);
      if (channel === undefined) continue;
      channel.memberCount += 1;
      this.#options.changed(channel);
    }
  }

  /** Connections that the account has now. */
  connectionsOf(account: number): number {
    return this.#users.get(account)?.connections.size ?? 0;
  }

  /**
   * Adds a connection to a user; the first one loads the user's channels.
   *
   * @param stored the channels that the file says the account is in, where they have been read in
   * this turn of the event loop anyway.
   */
  connect(account: number, name: string, connection: Connection, stored?: readonly number[]): User {
    const user = this.#users.get(account) ?? this.#load(account, name, stored);
    if (user.connections.size === 0) {
      this.#options.counters.activeAccounts += 1;
      for (const channel of user.channels.values()) {
        channel.online.set(user.id, user);
        this.#options.changed(channel, user);
      }
    }
    user.connections.add(connection);
    return user;
  }

  /** Takes a connection away; after the last one the user's joins and leaves are written. */
  disconnect(user: User, connection: Connection): void {
    if (!user.connections.delete(connection) || user.connections.size > 0) return;
    this.#options.counters.activeAccounts -= 1;
    for (const channel of user.channels.values()) {
      channel.online.delete(user.id);
      this.#options.changed(channel, user);
    }
    this.#options.subscriptions.flush(user.id).then(
      () => this.#forgetIfGone(user),
      (error) => this.#options.flushFailed(error),
    );
  }

  /** Writes everybody's joins and leaves. Rejects with StoreError; they then wait for the next time. */
  async flush(): Promise<void> {
    await this.#options.subscriptions.flush();
    for (const user of this.#users.values()) this.#forgetIfGone(user);
  }

  /**
   * Makes the user a member of the channel of that name, which is created if there is none.
   * Joining twice is no error. Rejects with StoreError where a channel could not be created.
   *
   * @param by the connection that asked for it.
   */
  async join(user: User, name: string, by: Connection): Promise<Channel | ErrorCode> {
    if (this.#isFull(user, name)) return ErrorCode.TOO_MANY_CHANNELS;
    // Whoever waits for a new channel goes on in the same turn, before anybody can have sent to it: so
    // nothing of it is being delivered. Those of an existing channel come at times when nothing is.
    const found = this.#options.channels.named(name) ?? (await this.#options.channels.create(name));
    if (typeof found === "number" || user.channels.has(found.id)) return found;
    // While the channel was being created, the one who asked may have gone, and the user with it:
    // forgotten, perhaps loaded anew. Nobody waits for this join any more.
    if (!user.connections.has(by)) return found;
    // Others may have joined for this user while the channel was being created.
    if (this.#isFull(user, name)) return ErrorCode.TOO_MANY_CHANNELS;
    user.channels.set(found.id, found);
    found.memberCount += 1;
    if (user.connections.size > 0) found.online.set(user.id, user);
    this.#options.changed(found, user);
    this.#options.subscriptions.changed(user.id, found.id, true);
    for (const connection of user.connections) connection.joined(found, connection === by);
    return found;
  }

  /** Ends the user's membership. `by` is the connection that asked for it. */
  leave(user: User, channelId: number, by: Connection): Channel | ErrorCode {
    const channel = user.channels.get(channelId);
    if (channel === undefined) {
      const exists = this.#options.channels.get(channelId) !== undefined;
      return exists ? ErrorCode.NOT_A_MEMBER : ErrorCode.NO_SUCH_CHANNEL;
    }
    user.channels.delete(channelId);
    channel.memberCount -= 1;
    channel.online.delete(user.id);
    this.#options.changed(channel, user);
    this.#options.subscriptions.changed(user.id, channelId, false);
    for (const connection of user.connections) connection.left(channel, connection === by);
    return channel;
  }

  /** The channel has been deleted: nobody is in it any more. */
  dissolve(channel: Channel): void {
    this.#options.subscriptions.forget(channel.id);
    for (const user of this.#users.values()) {
      if (user.channels.has(channel.id)) this.#expel(user, channel);
    }
    channel.memberCount = 0;
  }

  /** An account that was erased is in the channel no more; the file knows. */
  erased(account: number, channelId: number): void {
    const channel = this.#options.channels.get(channelId);
    const user = this.#users.get(account);
    if (channel === undefined) return;
    if (user?.channels.has(channelId)) this.#expel(user, channel);
    else if (user !== undefined || !this.#isCounted(account)) return;
    else channel.memberCount -= 1;
    this.#options.changed(channel, user);
  }

  #expel(user: User, channel: Channel): void {
    user.channels.delete(channel.id);
    channel.memberCount -= 1;
    channel.online.delete(user.id);
    for (const connection of user.connections) {
      connection.left(channel, false, ErrorCode.NO_SUCH_CHANNEL);
    }
  }

  #isCounted(account: number): boolean {
    return account <= this.#options.newestAccount || this.#counted.has(account);
  }

  #isFull(user: User, name: string): boolean {
    const channel = this.#options.channels.named(name);
    const isMember = channel !== undefined && user.channels.has(channel.id);
    return !isMember && user.channels.size >= this.#options.channelsPerUser;
  }

  #load(
    account: number,
    name: string,
    stored: readonly number[] = this.#options.stored(account),
  ): User {
    this.count(account, stored);
    const user = new User(account, name);
    for (const id of stored) {
      const channel = this.#options.channels.get(id);
      if (channel !== undefined) user.channels.set(id, channel);
    }
    this.#users.set(account, user);
    return user;
  }

  #forgetIfGone(user: User): void {
    // A flush may end after its user was forgotten by another, and has been loaded anew since.
    if (this.#users.get(user.id) !== user) return;
    if (user.connections.size === 0 && !this.#options.subscriptions.isDirty(user.id)) {
      this.#users.delete(user.id);
    }
  }
}
