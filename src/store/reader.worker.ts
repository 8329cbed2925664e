/** The reader thread: pages of history, and checkpoints, beside the writer. */
import type { Database } from "bun:sqlite";
import { samplingCalls } from "../monitor/sampled_thread.ts";
import { layMessageRecords } from "../wire/lay.ts";
import { retentionReads } from "./retention/reads.ts";
import { openForCheckpoints, openForReading } from "./schema.ts";
import { answerCalls } from "./thread.ts";

/** Messages of one channel in ascending order. */
export interface Page {
  /** Message records (see wire/lay.ts). */
  readonly records: Uint8Array<ArrayBuffer>;
  readonly count: number;
  /** The last message's number; 0 where there is none. */
  readonly last: number;
  /** Messages up to this number are kept no more; the page may have been asked for below it. */
  readonly gone: number;
  /** There are messages beyond the page, within the bounds asked for. */
  readonly more: boolean;
}

interface Row {
  readonly seq: number;
  readonly encoded: Uint8Array;
}

let opened: Opened | undefined;

interface Opened {
  readonly db: Database;
  readonly checkpointer: Database;
  readonly up: Select;
  readonly down: Select;
  readonly retention: ReturnType<typeof retentionReads>;
}

type Select = ReturnType<typeof prepare>;

function prepare(db: Database, order: "ASC" | "DESC") {
  return db.prepare<Row, [number, number, number, number]>(
    `SELECT seq, encoded FROM message WHERE channel_id = ? AND seq BETWEEN ? AND ?
     ORDER BY seq ${order} LIMIT ?`,
  );
}

function store() {
  if (opened === undefined) throw new Error("store/reader: called before it was opened");
  return opened;
}

/** The first query of a page asks for this many rows, each further one for twice as many. */
const FIRST_ROWS = 16;

/**
 * Reads the rows of a page: `limit` of them, or as many as `maxBytes` hold, but always one. It is
 * known only then how many that is, so a few are read first, then more: else a page of large
 * messages would read a hundred times what it keeps.
 *
 * @param next the first `count` rows after the one at `last`, or from the beginning.
 */
function readRows(
  limit: number,
  maxBytes: number,
  next: (last: number | undefined, count: number) => Row[],
): { kept: Row[]; more: boolean } {
  const kept: Row[] = [];
  let bytes = 0;
  for (let most = FIRST_ROWS; ; most *= 2) {
    // One beyond the page, to see whether there is more.
    const count = Math.min(most, limit - kept.length + 1);
    const rows = next(kept.at(-1)?.seq, count);
    for (const row of rows) {
      bytes += row.encoded.length;
      const isFull = kept.length === limit || (kept.length > 0 && bytes > maxBytes);
      if (isFull) return { kept, more: true };
      kept.push(row);
    }
    if (rows.length < count) return { kept, more: false };
  }
}

/**
 * Reads a page, and where its channel begins, as both are at one moment.
 *
 * @param read the rows in ascending order.
 */
function readPage(channel: number, read: () => { kept: Row[]; more: boolean }): Page {
  const { db, retention } = store();
  return db.transaction(() => pageOf(read(), retention.goneOf(channel)))();
}

function pageOf({ kept, more }: { kept: Row[]; more: boolean }, gone: number): Page {
  return {
    gone,
    records: layMessageRecords(kept.map(({ encoded }) => encoded)),
    count: kept.length,
    last: kept.at(-1)?.seq ?? 0,
    more,
  };
}

const calls = {
  ...samplingCalls(),

  open(path: string): void {
    const db = openForReading(path);
    // A checkpoint writes to the database file, which a read-only connection may not.
    const checkpointer = openForCheckpoints(path);
    const [up, down] = [prepare(db, "ASC"), prepare(db, "DESC")];
    opened = { db, checkpointer, up, down, retention: retentionReads(db) };
  },

  /** Messages `from` to `to`, both included, the oldest first. */
  ascending(channel: number, from: number, to: number, limit: number, maxBytes: number): Page {
    const { up } = store();
    return readPage(channel, () =>
      readRows(limit, maxBytes, (last, count) =>
        up.all(channel, last === undefined ? from : last + 1, to, count),
      ),
    );
  },

  /** The newest of the messages `from` to `to`, both included. */
  descending(channel: number, from: number, to: number, limit: number, maxBytes: number): Page {
    const { down } = store();
    return readPage(channel, () => {
      const { kept, more } = readRows(limit, maxBytes, (last, count) =>
        down.all(channel, from, last === undefined ? to : last - 1, count),
      );
      return { kept: kept.reverse(), more };
    });
  },

  /** The rows of the oldest messages of these channels; 0 where there is none. */
  oldestRows(channels: readonly number[]): number[] {
    return store().retention.oldestRows(channels);
  },

  /** What the messages `from` to `to` of a channel take, encoded. */
  bytesOf(channel: number, from: number, to: number): number {
    return store().retention.bytesOf(channel, from, to);
  },

  /** What tables and indexes take but those of messages, in bytes. */
  bytesBeside(): number {
    return store().retention.bytesBeside();
  },

  /**
   * Copies what it can of the WAL into the database without holding up the writer.
   *
   * @returns the frames that the WAL holds, copied or not.
   */
  checkpoint(): number {
    const row = store().checkpointer.query("PRAGMA wal_checkpoint(PASSIVE)").get();
    return (row as { log: number }).log;
  },

  close(): void {
    store().db.close();
    store().checkpointer.close();
    opened = undefined;
  },
};

export type ReaderCalls = typeof calls;

answerCalls(calls, (name, value) =>
  name === "ascending" || name === "descending" ? [(value as Page).records.buffer] : [],
);
