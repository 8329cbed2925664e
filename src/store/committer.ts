import type { Database } from "bun:sqlite";
import { messageBytes, messageRecordBytes, putMessageRecord, putNumbered } from "../wire/lay.ts";
import { type BatchEntry, readBatch } from "./batch.ts";
import { MAX_SEQ } from "./bounds.ts";

/** What became of one entry of a batch, in `CommitResult.outcomes`. */
export const Outcome = {
  /** Kept under the number in `CommitResult.seqs`; for a ping, done. */
  KEPT: 0,
  /** The nonce had been used before: see `CommitResult.duplicates`. */
  DUPLICATE: 1,
  /** The channel has no number left. */
  CHANNEL_FULL: 2,
} as const;

/** The new messages of one channel: `records.subarray(begin, end)`, numbered `first` and onward. */
export interface ChannelRecords {
  readonly channel: number;
  readonly begin: number;
  readonly end: number;
  readonly first: number;
  readonly count: number;
}

/** Where the message stands that first bore an entry's nonce. */
export interface Duplicate {
  readonly entry: number;
  readonly channel: number;
  readonly seq: number;
  /** The first message, encoded. */
  readonly encoded: Uint8Array;
}

/** A committed batch. */
export interface CommitResult {
  /** By entry: an `Outcome`. */
  readonly outcomes: Uint8Array<ArrayBuffer>;
  /** By entry: the message's number, where it was kept. */
  readonly seqs: Uint32Array<ArrayBuffer>;
  readonly duplicates: readonly Duplicate[];
  /** Message records (see wire/lay.ts), channel by channel. */
  readonly records: Uint8Array<ArrayBuffer>;
  readonly channels: readonly ChannelRecords[];
  /** How long the transaction took, its sync included. */
  readonly commitMs: number;
}

/**
 * Numbers the messages of a batch and commits them in one transaction.
 *
 * The numbers are given here, inside the transaction, and nowhere else: a message whose nonce is
 * already in the file takes none, and a transaction that fails takes none, so there is never a
 * number to take back.
 */
export class Committer {
  readonly #db: Database;
  readonly #insert;
  readonly #head;
  readonly #first;
  readonly #beat;
  /** The last committed number of each channel that was written to. */
  readonly #heads = new Map<number, number>();
  #scratch = new Uint8Array(64 * 1024);

  constructor(db: Database) {
    this.#db = db;
    this.#insert = db.prepare<
      unknown,
      [number, number, number, Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>]
    >(
      `INSERT INTO message (channel_id, seq, author_id, nonce, encoded) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (nonce, author_id) DO NOTHING`,
    );
    // A channel whose messages are all gone goes on where they ended.
    this.#head = db.prepare<{ seq: number }, [number]>(
      `SELECT max(
         coalesce((SELECT max(seq) FROM message WHERE channel_id = ?1), 0),
         coalesce((SELECT gone FROM retention WHERE channel_id = ?1), 0)) AS seq`,
    );
    this.#first = db.prepare<
      { channel: number; seq: number; encoded: Uint8Array },
      [Uint8Array<ArrayBuffer>, number]
    >("SELECT channel_id AS channel, seq, encoded FROM message WHERE nonce = ? AND author_id = ?");
    this.#beat = db.prepare<{ beats: number }, []>(
      "UPDATE heartbeat SET beats = beats + 1 RETURNING beats",
    );
  }

  /** A write that leaves nothing behind: says whether the disk takes writes. */
  probe(): void {
    this.beat();
  }

  /** Counts one up in the file, and returns how far that is. */
  beat(): number {
    return this.#db.transaction(() => this.#beat.get()?.beats ?? 0).immediate();
  }

  /**
   * Commits a batch.
   *
   * @throws SQLiteError where the transaction failed; then nothing of it was kept.
   */
  commit(batch: Uint8Array<ArrayBuffer>, entries: number): CommitResult {
    const began = performance.now();
    const seqs = new Uint32Array(entries);
    const outcomes = new Uint8Array(entries);
    const duplicates: Duplicate[] = [];
    const tails = new Map<number, Tail>();
    let scratchUsed = 0;

    this.#db
      .transaction(() => {
        let index = 0;
        let wrote = false;
        for (const entry of readBatch(batch)) {
          const at = index++;
          if (entry.channel === 0) continue;
          const tail = this.#tail(tails, entry.channel);
          const seq = tail.first + tail.count;
          if (seq > MAX_SEQ) {
            const first = this.#firstOf(at, entry);
            outcomes[at] = first === undefined ? Outcome.CHANNEL_FULL : Outcome.DUPLICATE;
            if (first !== undefined) duplicates.push(first);
            continue;
          }
          const encoded = this.#scratchFor(scratchUsed, messageBytes(seq, entry.rest.length));
          putNumbered(encoded, 0, seq, entry.rest);
          const { channel, author, nonce } = entry;
          const { changes } = this.#insert.run(channel, seq, author, nonce, encoded);
          if (changes === 0) {
            const first = this.#firstOf(at, entry);
            if (first === undefined) throw new Error("store/committer: a conflict with no message");
            outcomes[at] = Outcome.DUPLICATE;
            duplicates.push(first);
            continue;
          }
          wrote = true;
          scratchUsed += encoded.length;
          seqs[at] = seq;
          tail.count += 1;
          tail.messages.push(encoded);
        }
        // A batch of pings alone must still make the whole way to the disk, or a ping would say
        // less than a message's latency.
        if (!wrote) this.#beat.run();
      })
      .immediate();

    const commitMs = performance.now() - began;
    for (const [channel, tail] of tails) this.#heads.set(channel, tail.first + tail.count - 1);
    return { outcomes, seqs, duplicates, ...layChannels(tails), commitMs };
  }

  #tail(tails: Map<number, Tail>, channel: number): Tail {
    let tail = tails.get(channel);
    if (tail === undefined) {
      tail = { first: this.#headOf(channel) + 1, count: 0, messages: [] };
      tails.set(channel, tail);
    }
    return tail;
  }

  #headOf(channel: number): number {
    const known = this.#heads.get(channel);
    if (known !== undefined) return known;
    return this.#head.get(channel)?.seq ?? 0;
  }

  /** The message that first bore an entry's nonce, if there is one. */
  #firstOf(entry: number, { author, nonce }: BatchEntry): Duplicate | undefined {
    const row = this.#first.get(nonce, author);
    return row === null ? undefined : { entry, ...row };
  }

  /** A view of scratch memory that later calls of the same batch do not touch. */
  #scratchFor(used: number, bytes: number): Uint8Array<ArrayBuffer> {
    if (used + bytes > this.#scratch.length) {
      // Views that were given out keep the old memory alive for as long as they need it.
      this.#scratch = new Uint8Array(Math.max(this.#scratch.length * 2, used + bytes));
    }
    return this.#scratch.subarray(used, used + bytes);
  }
}

/** What a batch adds to one channel. */
interface Tail {
  readonly first: number;
  count: number;
  readonly messages: Uint8Array<ArrayBuffer>[];
}

function layChannels(tails: ReadonlyMap<number, Tail>): Pick<CommitResult, "records" | "channels"> {
  let bytes = 0;
  for (const { messages } of tails.values()) {
    for (const message of messages) bytes += messageRecordBytes(message.length);
  }
  const records = new Uint8Array(bytes);
  const channels: ChannelRecords[] = [];
  let at = 0;
  for (const [channel, { first, count, messages }] of tails) {
    if (count === 0) continue;
    const begin = at;
    for (const message of messages) at = putMessageRecord(records, at, message);
    channels.push({ channel, begin, end: at, first, count });
  }
  return { records, channels };
}
