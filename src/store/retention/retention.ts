import type { RunJob } from "../jobs.ts";
import { ByteCounts } from "./byte_counts.ts";
import type { RetentionClock } from "./clock.ts";
import type { Trimmed, TrimOrder } from "./jobs.ts";
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
  /**
   * What the database may take before the oldest messages go, in bytes; 0: whatever it takes. Half of it is
   * left to messages that may go, however much the rest takes.
   */
  readonly keepBytes: number;
  readonly channels: () => readonly KeptChannel[];
  readonly channel: (id: number) => KeptChannel | undefined;
  /** The limits that channels have of their own. Throws StoreError. */
  readonly ownLimits: () => ReadonlyMap<number, Limits>;
  /** What the database takes now, free pages not counted. Throws StoreError. */
  readonly bytesUsed: () => number;
  /** What of that is not messages and their indexes. Rejects with StoreError. */
  readonly bytesBeside: () => Promise<number>;
  /** The newest row that had come by that time; 0 for none. Throws StoreError. */
  readonly rowAt: (timeMs: number) => number;
  readonly oldestRows: (channels: readonly number[]) => Promise<number[]>;
  readonly bytesOf: (channel: number, from: number, to: number) => Promise<number>;
  readonly run: RunJob;
  readonly clock: RetentionClock;
  readonly rest: (ms: number) => Promise<void>;
  /** So many messages of a channel have gone. */
  readonly trimmed: (channel: number, messages: number) => void;
  /** The database is kept to so many bytes, which is more than it may take: too much of it may not go. */
  readonly unheld: (bytes: number) => void;
  /** Of failures in a row, the first. */
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
/** What a message takes beside its encoding: its row, and what two indexes have of it. About. */
const OVERHEAD_BYTES = 100;

/**
 * Lets the oldest messages go where a limit is reached. In small jobs with rests between them, so that
 * the batches of messages hardly notice; always a channel's oldest first, so that what is left is whole.
 */
export class Retention {
  readonly #options: Options;
  readonly #counts: ByteCounts;
  #running: Promise<void> | undefined;
  #isStopped = false;
  #isFailing = false;
  #notedMs = Number.NEGATIVE_INFINITY;

  constructor(options: Options) {
    this.#options = options;
    this.#counts = new ByteCounts(options.bytesOf);
  }

  /** Call it every few seconds. Resolves when all that was to go is gone, or the disk has refused. */
  tick(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    this.#running ??= this.#try().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Resolves when nothing more is asked of the writer. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #try(): Promise<void> {
    try {
      await this.#pass();
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#options.failed(error);
      this.#isFailing = true;
    }
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
    const isCounted = (limits: Limits) =>
      limits.bytes !== null || (limits.isForever && keepBytes > 0);
    this.#counts.forgetBut((id) => isCounted(own.get(id) ?? usual));
    const limited = channels().filter((channel) => !limitsOf(channel).isForever);
    for (let at = 0; at < limited.length; at += CHANNELS_AT_ONCE) {
      await this.#keepToLimits(limited.slice(at, at + CHANNELS_AT_ONCE), limitsOf, nowMs);
    }
    if (keepBytes > 0) await this.#keepToSize(({ id }) => own.get(id)?.isForever === true);
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
      const upToRow = days === null ? 0 : rowAt(nowMs - days * DAY_MS);
      const upToSeq = messages === null ? 0 : Math.max(0, head - messages);
      const excess = bytes === null ? 0 : Math.max(0, (await this.#count(channel)) - bytes);
      const oldest = rows[index] ?? 0;
      const isDue =
        upToSeq > gone ||
        (oldest > 0 && oldest <= upToRow) ||
        // The newest message of a channel stays, however large it is.
        (excess > 0 && head > gone + 1);
      if (isDue) orders.push({ channel: id, head, upToSeq, upToRow, bytes: excess });
    }
    await this.#trim(orders, () => false);
  }

  /** While the database is too large, what came first goes, wherever it is and may go. */
  async #keepToSize(isForever: (channel: KeptChannel) => boolean): Promise<void> {
    const { bytesUsed, bytesBeside, keepBytes, channels, unheld } = this.#options;
    if (bytesUsed() <= keepBytes) return;
    let staysBytes = await bytesBeside();
    for (const channel of channels().filter(isForever)) {
      staysBytes += await this.#count(channel);
      staysBytes += (channel.head - channel.gone) * OVERHEAD_BYTES;
    }
    // Else all messages would go, as fast as they come, for what does not become smaller by that.
    const mostBytes = Math.max(keepBytes, staysBytes + keepBytes / 2);
    if (mostBytes > keepBytes) unheld(mostBytes);
    const isEnough = () => bytesUsed() <= mostBytes;
    const mayGo = channels().filter((channel) => !isForever(channel));
    while (!this.#isStopped && !isEnough()) {
      const oldest = await this.#oldest(mayGo);
      const [first] = oldest;
      if (first === undefined) return;
      const upToRow = first.row + STRIPE_ROWS;
      const orders = oldest
        .filter(({ row }) => row <= upToRow)
        .map(({ channel: { id, head } }) => ({ channel: id, head, upToSeq: 0, upToRow, bytes: 0 }));
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
        const beganMs = performance.now();
        const { trimmed, done } = await run("trim", open, MESSAGES_AT_ONCE);
        // With its sync, and with what stood before it at the writer: under load it is to be gentler.
        const tookMs = performance.now() - beganMs;
        for (const { channel, gone, messages, bytes } of trimmed) {
          this.#went(channel, gone, messages, bytes);
          went += messages;
        }
        open = afterJob(open.slice(done), trimmed);
        await rest(Math.max(LEAST_REST_MS, tookMs * REST_FACTOR));
      }
    }
    return went;
  }

  #went(id: number, gone: number, messages: number, bytes: number): void {
    const channel = this.#options.channel(id);
    if (channel !== undefined) channel.gone = gone;
    this.#counts.went(id, gone, bytes);
    this.#options.trimmed(id, messages);
  }

  #count(channel: KeptChannel): Promise<number> {
    return this.#counts.of(channel, () => this.#isStopped);
  }
}

/** What is left of orders, the first of which may have been carried out in part. */
function afterJob(left: readonly TrimOrder[], trimmed: readonly Trimmed[]): TrimOrder[] {
  const [first, ...others] = left;
  if (first === undefined) return [];
  const begun = trimmed.find(({ channel }) => channel === first.channel);
  return [{ ...first, bytes: Math.max(0, first.bytes - (begun?.bytes ?? 0)) }, ...others];
}
