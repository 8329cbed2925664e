import type { Channel } from "../../src/channels/channel.ts";
import { Channels } from "../../src/channels/channels.ts";
import { Membership } from "../../src/channels/membership.ts";
import type { Connection, User } from "../../src/channels/user.ts";
import { Counters } from "../../src/monitor/counters.ts";
import { StoreError } from "../../src/store/errors.ts";
import type { RunJob, SubscriptionChange } from "../../src/store/jobs.ts";
import { Subscriptions } from "../../src/store/subscriptions.ts";
import type { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";

/** Lets everything happen that waits for nothing but its turn. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

interface Write {
  readonly changes: readonly SubscriptionChange[];
  end(error?: StoreError): void;
}

/** One connection of an account, and what it was told. */
export class FakeConnection implements Connection {
  readonly told: string[] = [];
  readonly user: User;
  readonly #membership: Membership;

  constructor(membership: Membership, account: number) {
    this.#membership = membership;
    this.user = membership.connect(account, `user-${account}`, this);
  }

  joined({ name }: Channel, asked: boolean): void {
    this.told.push(`joined ${name}${asked ? ", asked" : ""}`);
  }

  left({ name }: Channel, asked: boolean): void {
    this.told.push(`left ${name}${asked ? ", asked" : ""}`);
  }

  join(name: string): Promise<Channel | ErrorCode> {
    return this.#membership.join(this.user, name, this);
  }

  leave(channel: number): Channel | ErrorCode {
    return this.#membership.leave(this.user, channel, this);
  }

  disconnect(): void {
    this.#membership.disconnect(this.user, this);
  }
}

/** Membership over a file that the test holds: accounts 1 and 2, both in `general`. */
export class MembershipFixture {
  /** The file: account -> channels. */
  readonly stored = new Map([1, 2].map((account) => [account, new Set([1])]));
  /** Writes under way. */
  readonly writes: Write[] = [];
  readonly counters = new Counters();
  readonly membership: Membership;
  failures = 0;
  readonly #channels: Channels;
  #nextChannel = 2;
  #creation: PromiseWithResolvers<void> | undefined;

  constructor() {
    const general = { id: 1, name: "general", head: 0, members: 2 };
    const run = (async () => {
      await this.#creation?.promise;
      return this.#nextChannel++;
    }) as unknown as RunJob;
    this.#channels = new Channels([general], { run, limit: 100, now: () => 0 });
    this.membership = new Membership({
      channels: this.#channels,
      subscriptions: new Subscriptions((changes) => this.#write(changes)),
      stored: (account) => [...(this.stored.get(account) ?? [])],
      newestAccount: 2,
      channelsPerUser: 3,
      counters: this.counters,
      changed() {},
      flushFailed: () => {
        this.failures += 1;
      },
    });
  }

  connect(account: number): FakeConnection {
    return new FakeConnection(this.membership, account);
  }

  channel(name: string): Channel {
    const channel = this.#channels.named(name);
    if (channel === undefined) throw new Error(`there is no channel ${name}`);
    return channel;
  }

  /** From now on channels are created when `createNow` says so. */
  holdCreation(): void {
    this.#creation = Promise.withResolvers<void>();
  }

  createNow(): void {
    this.#creation?.resolve();
    this.#creation = undefined;
  }

  /** Ends the write that is under way. */
  async written(): Promise<void> {
    await this.#end(undefined);
  }

  /** Fails the write that is under way. */
  async refused(): Promise<void> {
    await this.#end(new StoreError("SQLITE_FULL", "the disk is full"));
  }

  async #end(error: StoreError | undefined): Promise<void> {
    await turn();
    const write = this.writes.shift();
    if (write === undefined) throw new Error("nothing is being written");
    write.end(error);
    await turn();
  }

  #write(changes: readonly SubscriptionChange[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error?: StoreError) => {
        if (error !== undefined) return reject(error);
        for (const { account, channel, joined } of changes) {
          if (joined) this.stored.get(account)?.add(channel);
          else this.stored.get(account)?.delete(channel);
        }
        resolve();
      };
      this.writes.push({ changes, end });
    });
  }
}
