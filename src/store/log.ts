import type { Counters } from "../monitor/counters.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { ClientFrameSendReader } from "../wire/gen/straight_line.ts";
import { type Author, BatchWriter } from "./batch.ts";
import { type CommitResult, Outcome } from "./committer.ts";

/** Who sent a message or a ping, and is told what became of it. */
export interface Sender {
  /** The message is on disk; `duplicate`: it was there before, and this is the first one's place. */
  sent(request: number, channel: number, seq: number, timeMs: number, duplicate: boolean): void;
  /** The ping's batch is done. */
  ponged(request: number): void;
  /** Nothing was kept. */
  refused(request: number, code: ErrorCode, retryAfterMs: number): void;
}

interface Options {
  /** Commits a batch; rejects if nothing of it was kept. */
  readonly commit: (batch: Uint8Array<ArrayBuffer>, entries: number) => Promise<CommitResult>;
  /** Resolves if the disk takes writes again. */
  readonly probe: () => Promise<void>;
  /** Begins to show a committed batch to its receivers. */
  readonly deliver: (result: CommitResult) => void;
  /** Shows it to the next of them; returns whether there are more, for another turn. */
  readonly showNext: () => boolean;
  /** How long to wait after a batch whose fan-out took so long, in ms. */
  readonly paceMs: (fanOutMs: number, messagesPerFrame: number) => number;
  /** Called when senders have been told, and each time when more receivers have been shown a batch. */
  readonly settled: () => void;
  /** Called when a batch has been written to the sockets of all its receivers. */
  readonly shown: () => void;
  /** Runs `task` when what was published in this turn has been written to the sockets. */
  readonly afterWrites: (task: () => void) => void;
  /** Reads the time out of an encoded message. */
  readonly timeOf: (encoded: Uint8Array) => number;
  /** The disk began or ceased to refuse writes. */
  readonly availability: (available: boolean, error: unknown) => void;
  readonly counters: Counters;
  readonly queueBytes: number;
  /** A clock in ms that never goes back. */
  readonly clockMs: () => number;
  /** Runs `task` after `delayMs`; 0 is after what this turn of the event loop still brings. */
  readonly schedule: (delayMs: number, task: () => void) => void;
}

/** After a failed write the disk is tried this often. */
const PROBE_EVERY_MS = 500;
/** What refused senders are told to wait. */
const RETRY_AFTER_FAILURE_MS = 1000;
const RETRY_AFTER_OVERLOAD_MS = 250;

/**
 * Group commit. Contract:
 *
 * 1. One batch is at the writer at a time; meanwhile the next one fills. So a batch is one message
 *    when idle and hundreds under load, and no timer is needed for that.
 * 2. A sender is told `sent`, and receivers are shown the message, only after the transaction that
 *    holds it is committed. Receivers come first.
 * 3. Every message and ping gets exactly one of `sent`, `ponged`, `refused`.
 * 4. If a transaction fails, its senders and those of the batch behind it are refused, and so is
 *    everybody after them until a probe has written again.
 * 5. At most `queueBytes` wait to be handed over.
 * 6. The next batch is handed over when the one before has been written to the sockets, and the
 *    wait that its fan-out asks for is over.
 */
export class Log {
  readonly #options: Options;
  #open = new OpenBatch();
  #spare = new OpenBatch();
  /** A batch is at the writer, or on its way to the sockets. */
  #isBusy = false;
  #scheduled = false;
  #notBeforeMs = 0;
  #available = true;
  #closed = false;
  #drained: (() => void) | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Whether messages are taken: false from a failed write until one succeeds again. */
  get available(): boolean {
    return this.#available;
  }

  /** Hot: once a message. Adds it to the open batch; nothing of `message` is kept. */
  send(sender: Sender, message: ClientFrameSendReader, author: Author, timeMs: number): void {
    const { request, channel, bodyBegin, bodyEnd } = message;
    if (!this.#admit(sender, request, bodyEnd - bodyBegin)) return;
    this.#opened();
    this.#open.bytes.addMessage(message, author, timeMs);
    this.#open.note(sender, request, channel, timeMs);
    this.#handOverSoon();
  }

  /** Adds a ping, which goes the same way as a message. */
  ping(sender: Sender, request: number): void {
    if (!this.#admit(sender, request, 0)) return;
    this.#opened();
    this.#open.bytes.addPing();
    this.#open.note(sender, request, 0, 0);
    this.#handOverSoon();
  }

  /** Refuses newcomers; resolves when everything taken before has been committed or refused. */
  close(): Promise<void> {
    this.#closed = true;
    if (!this.#isBusy && this.#open.senders.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  #admit(sender: Sender, request: number, bytes: number): boolean {
    if (this.#closed) {
      sender.refused(request, ErrorCode.GOING_AWAY, RETRY_AFTER_FAILURE_MS);
    } else if (!this.#available) {
      sender.refused(request, ErrorCode.STORE_UNAVAILABLE, RETRY_AFTER_FAILURE_MS);
    } else if (this.#open.bytes.bytes + bytes > this.#options.queueBytes) {
      sender.refused(request, ErrorCode.OVERLOADED, RETRY_AFTER_OVERLOAD_MS);
    } else {
      return true;
    }
    return false;
  }

  #opened(): void {
    if (this.#open.senders.length === 0) this.#open.openedMs = this.#options.clockMs();
  }

  #handOverSoon(): void {
    if (this.#isBusy || this.#scheduled) return;
    this.#scheduled = true;
    const waitMs = Math.max(0, this.#notBeforeMs - this.#options.clockMs());
    this.#options.schedule(waitMs, () => {
      this.#scheduled = false;
      void this.#handOver();
    });
  }

  async #handOver(): Promise<void> {
    const batch = this.#open;
    this.#open = this.#spare;
    this.#spare = batch;
    this.#isBusy = true;
    const { counters, clockMs, commit } = this.#options;
    const handedOverMs = clockMs();
    counters.batchWaitMs.record(handedOverMs - batch.openedMs);
    counters.batchMessages.record(batch.senders.length);
    // Only the commit is in the try: an error after it must not turn into a refusal.
    let result: CommitResult | undefined;
    try {
      result = await commit(batch.bytes.take(), batch.senders.length);
    } catch (error) {
      this.#failed(batch, error);
    }
    const cameBackMs = clockMs();
    if (result !== undefined) {
      counters.handOverMs.record(cameBackMs - handedOverMs - result.commitMs);
      this.#committed(batch, result);
    }
    batch.clear();
    const frames = result?.channels ?? [];
    const messages = frames.reduce((sum, { count }) => sum + count, 0);
    const messagesPerFrame = messages / Math.max(1, frames.length);
    const { openedMs } = batch;
    this.#show(cameBackMs, { publishMs: 0, drainMs: 0, messagesPerFrame, openedMs });
  }

  /** Shows the batch to its receivers, some in each turn of the event loop, until all have it. */
  #show(beganMs: number, fanOut: FanOut): void {
    const { showNext, settled, afterWrites, clockMs } = this.#options;
    const isOver = !showNext();
    settled();
    const publishedMs = clockMs();
    fanOut.publishMs += publishedMs - beganMs;
    afterWrites(() => {
      const writtenMs = clockMs();
      fanOut.drainMs += writtenMs - publishedMs;
      if (isOver) this.#writtenOut(writtenMs, fanOut);
      else this.#show(writtenMs, fanOut);
    });
  }

  #writtenOut(nowMs: number, fanOut: FanOut): void {
    const { publishMs, drainMs, messagesPerFrame, openedMs } = fanOut;
    const { counters, paceMs, shown } = this.#options;
    counters.publishMs.record(publishMs);
    counters.drainMs.record(drainMs);
    counters.pathMs.record(nowMs - openedMs);
    this.#notBeforeMs = nowMs + paceMs(publishMs + drainMs, messagesPerFrame);
    this.#isBusy = false;
    shown();
    if (this.#open.senders.length > 0) this.#handOverSoon();
    else this.#drained?.();
  }

  #committed(batch: OpenBatch, result: CommitResult): void {
    const { counters, deliver, timeOf } = this.#options;
    counters.committed(result.commitMs);
    deliver(result);

    let nextDuplicate = 0;
    for (let index = 0; index < batch.senders.length; index++) {
      const sender = batch.senders[index] as Sender;
      const request = batch.requests[index] as number;
      const channel = batch.channels[index] as number;
      switch (result.outcomes[index]) {
        case Outcome.KEPT:
          if (channel === 0) sender.ponged(request);
          else {
            counters.messagesIn += 1;
            const seq = result.seqs[index] as number;
            sender.sent(request, channel, seq, batch.timesMs[index] as number, false);
          }
          break;
        case Outcome.DUPLICATE: {
          counters.duplicates += 1;
          const first = result.duplicates[nextDuplicate++];
          if (first?.entry !== index) throw new Error("store/log: duplicates out of order");
          sender.sent(request, first.channel, first.seq, timeOf(first.encoded), true);
          break;
        }
        default:
          sender.refused(request, ErrorCode.CHANNEL_FULL, 0);
      }
    }
  }

  #failed(batch: OpenBatch, error: unknown): void {
    this.#options.counters.batchesFailed += 1;
    this.#available = false;
    for (const refused of [batch, this.#open]) {
      refused.senders.forEach((sender, index) => {
        const request = refused.requests[index] as number;
        sender.refused(request, ErrorCode.STORE_UNAVAILABLE, RETRY_AFTER_FAILURE_MS);
      });
    }
    this.#open.bytes.take();
    this.#open.clear();
    this.#probeLater();
    this.#options.availability(false, error);
  }

  #probeLater(): void {
    this.#options.schedule(PROBE_EVERY_MS, () => {
      if (this.#closed) return;
      this.#options.probe().then(
        () => {
          this.#available = true;
          this.#options.availability(true, undefined);
        },
        () => this.#probeLater(),
      );
    });
  }
}

/** What showing a batch has taken so far, in ms. */
interface FanOut {
  publishMs: number;
  drainMs: number;
  readonly messagesPerFrame: number;
  /** When the batch's first entry came. */
  readonly openedMs: number;
}

/** The entries of a batch beside their bytes: parallel arrays, to allocate nothing an entry. */
class OpenBatch {
  readonly bytes = new BatchWriter();
  readonly senders: Sender[] = [];
  readonly requests: number[] = [];
  /** 0 for a ping. */
  readonly channels: number[] = [];
  readonly timesMs: number[] = [];
  /** When its first entry came. */
  openedMs = 0;

  note(sender: Sender, request: number, channel: number, timeMs: number): void {
    this.senders.push(sender);
    this.requests.push(request);
    this.channels.push(channel);
    this.timesMs.push(timeMs);
  }

  clear(): void {
    this.senders.length = 0;
    this.requests.length = 0;
    this.channels.length = 0;
    this.timesMs.length = 0;
  }
}
