import { equals } from "@bufbuild/protobuf";
import type { Channel } from "../../src/channels/channel.ts";
import type { SubscriptionChange } from "../../src/store/jobs.ts";
import type { Send } from "../../src/wire/gen/hubbub/v1/commands_pb.ts";
import { type Message, MessageSchema, type Sent } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import type { File } from "./file.ts";
import type { Stream } from "./stream.ts";
import type { Verdict } from "./verdict.ts";

/** Everything that was tried under one nonce of one account, and what was said of it. */
interface Attempts {
  readonly account: number;
  readonly nonce: string;
  readonly asked: { readonly channel: number; readonly body: string }[];
  /** Tries that were never answered: they may have been kept. */
  unknown: number;
  waiting: number;
  firstAck: Sent | undefined;
  /** Somebody was told that it was new. Of a batch that has it twice, lanes may hear in any order. */
  wasNew: boolean;
}

/**
 * What ought to be true, kept in the plainest way: who is in which channel, and which messages were
 * asked for and acknowledged. Numbers and bytes of messages it takes from the file, which is the
 * truth about them, and holds everything that is shown against it.
 */
export class Model {
  readonly verdict: Verdict;
  readonly file: File;
  /** account -> ids of its channels, as memory ought to have it. */
  readonly channelsOf = new Map<number, Set<number>>();
  /** The open connections. */
  readonly streams = new Set<Stream>();
  readonly #attempts = new Map<string, Attempts>();

  constructor(verdict: Verdict, file: File, accounts: readonly number[]) {
    this.verdict = verdict;
    this.file = file;
    for (const account of accounts) this.channelsOf.set(account, file.subscriptions(account));
  }

  members(channel: number): number {
    return [...this.channelsOf.values()].filter((channels) => channels.has(channel)).length;
  }

  channels(account: number): Set<number> {
    return this.channelsOf.get(account) as Set<number>;
  }

  online(channel: number): Set<number> {
    const accounts = [...this.streams].map(({ account }) => account);
    return new Set(accounts.filter((account) => this.channels(account).has(channel)));
  }

  /** The server's memory is gone: what the file says is true. */
  crashed(): void {
    for (const stream of [...this.streams]) stream.closed();
    for (const account of this.channelsOf.keys()) {
      this.channelsOf.set(account, this.file.subscriptions(account));
    }
  }

  asked(account: number, { channel, nonce, body }: Send): void {
    const key = `${account}/${nonce}`;
    const attempts = this.#attempts.get(key) ?? {
      account,
      nonce,
      asked: [],
      unknown: 0,
      waiting: 0,
      firstAck: undefined,
      wasNew: false,
    };
    this.#attempts.set(key, attempts);
    attempts.asked.push({ channel, body });
    attempts.waiting += 1;
  }

  refused(account: number, nonce: string): void {
    this.#of(account, nonce).waiting -= 1;
  }

  unanswered(account: number, nonce: string): void {
    const attempts = this.#of(account, nonce);
    attempts.waiting -= 1;
    attempts.unknown += 1;
  }

  /** Checks that an acknowledged message is on disk, under this number and no other. */
  acknowledged(account: number, nonce: string, sent: Sent): void {
    const { must } = this.verdict;
    const attempts = this.#of(account, nonce);
    attempts.waiting -= 1;
    const { channel, seq, timeMs, duplicate } = sent;
    const kept = this.file.message(channel, seq);
    must(kept?.nonce === nonce, `${nonce} is acknowledged as ${channel}/${seq}, which it is not`);
    must(kept?.message.authorId === account, `${nonce} was acknowledged to another author`);
    must(kept?.message.timeMs === timeMs, `${nonce} is acknowledged with another time`);
    // With a message that is gone, its nonce is forgotten: the same may come once more.
    if (seq <= this.file.gone(channel)) {
      attempts.unknown += 1;
      return;
    }
    if (attempts.firstAck !== undefined && this.#isGone(attempts.firstAck)) {
      attempts.firstAck = undefined;
      attempts.wasNew = false;
    }
    attempts.firstAck ??= sent;
    const { firstAck } = attempts;
    must(firstAck.channel === channel && firstAck.seq === seq, `${nonce} has two numbers`);
    must(duplicate || !attempts.wasNew, `${nonce} was new twice`);
    attempts.wasNew ||= !duplicate;
    if (duplicate) must(attempts.asked.length > 1, `${nonce} was tried once, and a duplicate`);
  }

  /** Checks a message that is shown to somebody: it is on disk, with just this content. */
  shown(message: Message): void {
    const kept = this.file.message(message.channel, message.seq)?.message;
    const isKept = kept !== undefined && equals(MessageSchema, kept, message);
    this.verdict.must(isKept, `${message.channel}/${message.seq} was shown and is not on disk`);
  }

  /** Checks joins and leaves that are about to be written: the net change, and no row more. */
  checkFlush(changes: readonly SubscriptionChange[]): void {
    const { must } = this.verdict;
    const stored = new Map<number, Set<number>>();
    for (const { account, channel, joined } of changes) {
      const channels = stored.get(account) ?? this.file.subscriptions(account);
      stored.set(account, channels);
      must(channels.has(channel) !== joined, `a row for ${account} in ${channel} changes nothing`);
      if (joined) channels.add(channel);
      else channels.delete(channel);
    }
    for (const [account, channels] of stored) {
      const written = [...channels].sort().join();
      const expected = [...this.channels(account)].sort().join();
      must(written === expected, `${written} is written for ${account}, who is in ${expected}`);
    }
  }

  /** Checks what the server holds in memory. Call it when no callback is under way. */
  checkMemory(channels: Iterable<Channel>): void {
    const { must } = this.verdict;
    for (const { id, memberCount, online, head, gone } of channels) {
      const members = this.members(id);
      must(memberCount === members, `channel ${id} counts ${memberCount} members, not ${members}`);
      const ids = [...online.keys()].sort().join();
      const expected = [...this.online(id)].sort().join();
      must(ids === expected, `channel ${id} has ${ids} online, not ${expected}`);
      must(head <= this.file.head(id), `channel ${id} has a head beyond the file's`);
      must(gone <= this.file.gone(id), `channel ${id} has lost more than the file`);
    }
  }

  /** Checks the file's messages when nothing is under way any more. */
  checkMessages(): void {
    const { must } = this.verdict;
    const next = new Map<number, number>();
    const keptOnce = new Set<string>();
    const keptNow = new Set<string>();
    for (const { nonce, message } of this.file.all()) {
      const { channel, seq, authorId, body } = message;
      const place = `${channel}/${seq}`;
      must(seq === (next.get(channel) ?? 1), `there is a gap before ${place}`);
      next.set(channel, seq + 1);
      const key = `${authorId}/${nonce}`;
      if (!this.#isGone(message)) {
        must(!keptNow.has(key), `${key} is kept twice`);
        keptNow.add(key);
      }
      keptOnce.add(key);
      const asked = this.#attempts.get(key)?.asked ?? [];
      const isAsked = asked.some((try_) => try_.channel === channel && try_.body === body);
      must(isAsked, `nobody asked for ${place}`);
    }
    for (const [key, { firstAck, unknown, waiting }] of this.#attempts) {
      must(waiting === 0, `${key} still waits for its answer`);
      if (firstAck !== undefined) must(keptOnce.has(key), `${key} was acknowledged and is lost`);
      else if (unknown === 0) must(!keptOnce.has(key), `${key} was refused and is kept`);
    }
  }

  /** Checks joins and leaves when everything has been flushed. */
  checkSubscriptions(): void {
    for (const [account, channels] of this.channelsOf) {
      const stored = [...this.file.subscriptions(account)].sort().join();
      const expected = [...channels].sort().join();
      const text = `account ${account} is stored in channels ${stored}, not ${expected}`;
      this.verdict.must(stored === expected, text);
    }
  }

  #isGone({ channel, seq }: { readonly channel: number; readonly seq: number }): boolean {
    return seq <= this.file.gone(channel);
  }

  #of(account: number, nonce: string): Attempts {
    return this.#attempts.get(`${account}/${nonce}`) as Attempts;
  }
}
