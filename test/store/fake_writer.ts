import { Counters } from "../../src/monitor/counters.ts";
import { type BatchEntry, readBatch } from "../../src/store/batch.ts";
import { type CommitResult, Outcome } from "../../src/store/committer.ts";
import { Log, type Sender } from "../../src/store/log.ts";
import type { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { incomingSend } from "../../src/wire/incoming_send.ts";
import { FakeClock } from "../sim/fake_clock.ts";

/** An author without a name, which would take room. */
export const nobody = { id: 1, nameBytes: new Uint8Array(0) };

/** A batch at the writer; the test says when it is done, and how. */
export interface AtWriter {
  readonly entries: readonly BatchEntry[];
  readonly bytes: number;
  succeed(result?: Partial<CommitResult>): Promise<void>;
  fail(): Promise<void>;
}

interface Probe {
  succeed(): Promise<void>;
  fail(): Promise<void>;
}

/** Everything that happens goes into one list, in order. */
export type Happening =
  | { readonly what: "delivered"; readonly messages: number }
  | { readonly what: "settled" }
  | { readonly what: "available" | "unavailable" }
  | {
      readonly what: "sent";
      readonly request: number;
      readonly seq: number;
      readonly duplicate: boolean;
    }
  | { readonly what: "ponged"; readonly request: number }
  | {
      readonly what: "refused";
      readonly request: number;
      readonly code: ErrorCode;
      readonly retryAfterMs: number;
    };

/** A log between a writer, a clock and senders that all belong to the test. */
export class LogBench {
  readonly clock = new FakeClock();
  readonly counters = new Counters();
  readonly happened: Happening[] = [];
  /** Batches that are at the writer now. */
  readonly atWriter: AtWriter[] = [];
  readonly probes: Probe[] = [];
  /** How long the log is told to wait after a delivery. */
  paceMs = 0;
  /** What showing says in each turn: whether there are more receivers. */
  turns: boolean[] = [];
  /** Batches that all their receivers have. */
  shown = 0;
  /** What the log gave as the times that its fan-outs took. */
  readonly fanOutsMs: number[] = [];
  readonly messagesPerFrame: number[] = [];
  /** Then writing to the sockets takes until the test calls `writtenOut`. */
  areWritesSlow = false;
  writtenOut = () => {};
  readonly log: Log;
  readonly #heads = new Map<number, number>();

  constructor(queueBytes = 1024 * 1024) {
    this.log = new Log({
      commit: (batch) => this.#commit(batch),
      probe: () => this.#probe(),
      deliver: ({ channels }) => {
        const messages = channels.reduce((sum, { count }) => sum + count, 0);
        this.happened.push({ what: "delivered", messages });
      },
      showNext: () => this.turns.shift() ?? false,
      shown: () => {
        this.shown += 1;
      },
      paceMs: (fanOutMs, messagesPerFrame) => {
        this.fanOutsMs.push(fanOutMs);
        this.messagesPerFrame.push(messagesPerFrame);
        return this.paceMs;
      },
      afterWrites: (task) => {
        if (this.areWritesSlow) this.writtenOut = task;
        else task();
      },
      settled: () => this.happened.push({ what: "settled" }),
      timeOf: (encoded) => encoded[0] ?? 0,
      availability: (isAvailable) =>
        this.happened.push({ what: isAvailable ? "available" : "unavailable" }),
      counters: this.counters,
      queueBytes,
      clockMs: this.clock.nowMs,
      schedule: this.clock.schedule,
    });
  }

  readonly sender: Sender = {
    sent: (request, _channel, seq, _timeMs, duplicate) =>
      this.happened.push({ what: "sent", request, seq, duplicate }),
    ponged: (request) => this.happened.push({ what: "ponged", request }),
    refused: (request, code, retryAfterMs) =>
      this.happened.push({ what: "refused", request, code, retryAfterMs }),
  };

  send(request: number, channel = 1, bytes = 10): void {
    const message = { channel, nonce: `n${request}`, body: "x".repeat(bytes) };
    this.log.send(this.sender, incomingSend(request, message), nobody, 42);
  }

  /** Runs the task that the log has scheduled. */
  turn(): void {
    this.clock.runNext();
  }

  /** What has happened since the last call. */
  take(): Happening[] {
    return this.happened.splice(0);
  }

  #commit(batch: Uint8Array<ArrayBuffer>): Promise<CommitResult> {
    const entries = [...readBatch(batch)];
    return new Promise((resolve, reject) => {
      const atWriter: AtWriter = {
        entries,
        bytes: batch.length,
        succeed: (result) =>
          this.#done(atWriter, () => resolve({ ...this.#keep(entries), ...result })),
        fail: () => this.#done(atWriter, () => reject(new Error("the disk is full"))),
      };
      this.atWriter.push(atWriter);
    });
  }

  #probe(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.probes.push({
        succeed: () => settle(resolve),
        fail: () => settle(() => reject(new Error("the disk is full"))),
      });
    });
  }

  #done(atWriter: AtWriter, settleIt: () => void): Promise<void> {
    this.atWriter.splice(this.atWriter.indexOf(atWriter), 1);
    return settle(settleIt);
  }

  /** What the committer would say if every message was new. */
  #keep(entries: readonly BatchEntry[]): CommitResult {
    const seqs = new Uint32Array(entries.length);
    const counts = new Map<number, number>();
    entries.forEach(({ channel }, index) => {
      if (channel === 0) return;
      const seq = (this.#heads.get(channel) ?? 0) + 1;
      this.#heads.set(channel, seq);
      seqs[index] = seq;
      counts.set(channel, (counts.get(channel) ?? 0) + 1);
    });
    const channels = [...counts].map(([channel, count]) => ({
      channel,
      count,
      first: (this.#heads.get(channel) ?? 0) - count + 1,
      begin: 0,
      end: 0,
    }));
    const outcomes = new Uint8Array(entries.length).fill(Outcome.KEPT);
    return { outcomes, seqs, duplicates: [], records: new Uint8Array(), channels, commitMs: 1 };
  }
}

/** Settles a promise and lets everything that follows from it happen. */
async function settle(settleIt: () => void): Promise<void> {
  settleIt();
  await new Promise((resolve) => setImmediate(resolve));
}
