import type { RunJob } from "../jobs.ts";
import type { RetentionClock } from "./clock.ts";
import type { TrimOrder } from "./jobs.ts";
import type { Limits } from "./limits.ts";

/** A channel as the server has it in memory. */
export interface KeptChannel {
  readonly id: number;
  readonly head: number;
  /** Messages up to this number are kept no more. */
  gone: number;
  /** Changes when messages that were counted may take less than they did. */
  readonly rewrites: number;
}

interface Options {
  /** Of channels that have no limits of their own: days that messages are kept; 0: for ever. */
  readonly keepDays: number;
  /** What the database may take before the oldest messages go, in bytes; 0: whatever it takes. */
  readonly keepBytes: number;
  readonly channels: () => readonly KeptChannel[];
  readonly channel: (id: number) => KeptChannel | undefined;
  /** The limits that channels have of their own. Throws StoreError. */
  readonly ownLimits: () => ReadonlyMap<number, Limits>;
  /** What the database takes now, free pages not counted. Throws StoreError. */
  readonly bytesUsed: () => number;
  /** The newest row that had come by that time; 0 for none. Throws StoreError. */
  readonly rowAt: (timeMs: number) => number;
  readonly oldestRows: (channels: readonly number[]) => Promise<number[]>;
  readonly bytesOf: (channel: number, from: number, to: number) => Promise<number>;
  readonly run: RunJob;
  readonly clock: RetentionClock;
  readonly rest: (ms: number) => Promise<void>;
  /** So many messages of a channel have gone. */
  readonly trimmed: (channel: number, messages: number) => void;
  readonly failed: (error: unknown) => void;
}

const DAY_MS = 86_400_000;
/** Marks are asked for so often; most of the time only the clock is noted. */
const NOTE_MS = 60_000;
/**
 * The most messages that go in one job, which the next batch may have to wait for: a few milliseconds.
 */
const MESSAGES_AT_ONCE = 100;
/** After a job the writer has so many times as long for everything else. */
const REST_FACTOR = 4;
const LEAST_REST_MS = 5;
/** Channels looked at, or ordered to be trimmed, in one call. */
const CHANNELS_AT_ONCE = 250;
/** Rows looked at together, oldest first, when the database is too large. */
const STRIPE_ROWS = 2_000;
/** Messages whose bytes are counted in one call. */
const COUNTED_AT_ONCE = 1_000;

/** A channel's bytes, as far as they have been counted. */
interface Count {
  upTo: number;
  bytes: number;
  readonly rewrites: number;
}

/**
 * Lets the oldest messages go where a limit is reached. In small jobs with rests between them, so that
 * the batches of messages hardly notice; always a channel's oldest first, so that what is left is whole.
 */
export class Retention {
  readonly #options: Options;
  readonly #counts = new Map<number, Count>();
  #running: Promise<void> | undefined;
  #isStopped = false;
  #notedMs = Number.NEGATIVE_INFINITY;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Call it every few seconds. Resolves when all that was to go is gone, or the disk has refused. */
  tick(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    this.#running ??= this.#pass()
      .catch((error) => this.#options.failed(error))
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  /** Resolves when nothing more is asked of the writer. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #pass(): Promise<void> {
    const { clock, run, ownLimits, keepDays, keepBytes, channels } = this.#options;
    const nowMs = clock.now();
    if (nowMs >= this.#notedMs + NOTE_MS) {
      await run("markArrivals", nowMs);
      this.#notedMs = nowMs;
    }
    const own = ownLimits();
    const usual: Limits = {
      isForever: keepDays === 0,
      days: keepDays || null,
      messages: null,
      bytes: null,
    };
    const limitsOf = ({ id }: KeptChannel) => own.get(id) ?? usual;
    const limited = channels().filter((channel) => !limitsOf(channel).isForever);
    for (let at = 0; at < limited.length; at += CHANNELS_AT_ONCE) {
      await this.#keepToLimits(limited.slice(at, at + CHANNELS_AT_ONCE), limitsOf, nowMs);
    }
    if (keepBytes > 0) {
      await this.#keepToSize(channels().filter(({ id }) => own.get(id)?.isForever !== true));
    }
  }

  /** What is too old, too many or too much for its channel goes. */
  async #keepToLimits(
    channels: readonly KeptChannel[],
    limitsOf: (channel: KeptChannel) => Limits,
    nowMs: number,
  ): Promise<void> {
    const { rowAt, oldestRows } = this.#options;
    const orders: TrimOrder[] = [];
    const rows = await oldestRows(channels.map(({ id }) => id));
    for (const [index, channel] of channels.entries()) {
      const { id, head, gone } = channel;
      const { days, messages, bytes } = limitsOf(channel);
      const common = { channel: id, bytes: Number.POSITIVE_INFINITY };
      const lastId = days === null ? 0 : rowAt(nowMs - days * DAY_MS);
      const oldest = rows[index] ?? 0;
      if (oldest > 0 && oldest <= lastId) orders.push({ ...common, lastSeq: head, lastId });
      if (messages !== null && head - gone > messages) {
        orders.push({ ...common, lastSeq: head - messages, lastId: Number.MAX_SAFE_INTEGER });
      }
      if (bytes === null) continue;
      const excess = (await this.#count(channel)) - bytes;
      if (excess <= 0) continue;
      orders.push({ channel: id, lastSeq: head, lastId: Number.MAX_SAFE_INTEGER, bytes: excess });
    }
    await this.#trim(orders, () => false);
  }

  /** While the database is too large, what came first goes, wherever it is. */
  async #keepToSize(channels: readonly KeptChannel[]): Promise<void> {
    const { bytesUsed, keepBytes } = this.#options;
    const isEnough = () => bytesUsed() <= keepBytes;
    while (!this.#isStopped && !isEnough()) {
      const oldest = await this.#oldest(channels);
      const [first] = oldest;
      if (first === undefined) return;
      const lastId = first.row + STRIPE_ROWS;
      const orders = oldest
        .filter(({ row }) => row <= lastId)
        .map(({ channel: { id, head } }) => ({
          channel: id,
          lastSeq: head,
          lastId,
          bytes: Number.POSITIVE_INFINITY,
        }));
      const went = await this.#trim(orders, isEnough);
      // What is there has not been shown to anybody yet.
      if (went === 0) return;
    }
  }

  /** Those that have messages, those with the oldest in front. */
  async #oldest(channels: readonly KeptChannel[]) {
    const found: { readonly channel: KeptChannel; readonly row: number }[] = [];
    for (let at = 0; at < channels.length; at += CHANNELS_AT_ONCE) {
      const some = channels.slice(at, at + CHANNELS_AT_ONCE);
      const rows = await this.#options.oldestRows(some.map(({ id }) => id));
      for (const [index, channel] of some.entries()) {
        const row = rows[index] ?? 0;
        if (row > 0) found.push({ channel, row });
      }
    }
    return found.sort((one, other) => one.row - other.row);
  }

  /** Carries out orders, a little at a time; returns how many messages went. */
  async #trim(orders: readonly TrimOrder[], isEnough: () => boolean): Promise<number> {
    const { run, rest } = this.#options;
    let went = 0;
    for (let at = 0; at < orders.length; at += CHANNELS_AT_ONCE) {
      let open = orders.slice(at, at + CHANNELS_AT_ONCE);
      while (open.length > 0) {
        if (this.#isStopped || isEnough()) return went;
        const { trimmed, more, ms } = await run("trim", open, MESSAGES_AT_ONCE);
        for (const { channel, gone, messages, bytes } of trimmed) {
          this.#went(channel, gone, messages, bytes);
          open = open.map((order) =>
            order.channel === channel ? { ...order, bytes: order.bytes - bytes } : order,
          );
          went += messages;
        }
        open = more ? open.filter(({ bytes }) => bytes > 0) : [];
        await rest(Math.max(LEAST_REST_MS, ms * REST_FACTOR));
      }
    }
    return went;
  }

  #went(id: number, gone: number, messages: number, bytes: number): void {
    const channel = this.#options.channel(id);
    if (channel !== undefined) channel.gone = gone;
    const count = this.#counts.get(id);
    if (count !== undefined) count.bytes -= bytes;
    this.#options.trimmed(id, messages);
  }

  /** What a channel's messages take. Those counted before are remembered. */
  async #count({ id, head, gone, rewrites }: KeptChannel): Promise<number> {
    const known = this.#counts.get(id);
    const count = known?.rewrites === rewrites ? known : { upTo: gone, bytes: 0, rewrites };
    this.#counts.set(id, count);
    while (count.upTo < head && !this.#isStopped) {
      const to = Math.min(head, count.upTo + COUNTED_AT_ONCE);
      const bytes = await this.#options.bytesOf(id, count.upTo + 1, to);
      count.bytes += bytes;
      count.upTo = to;
    }
    return count.bytes;
  }
}
