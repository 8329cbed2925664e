/** The reader thread: pages of history, and checkpoints, beside the writer. */
import type { Database } from "bun:sqlite";
import { layMessageRecords } from "../wire/lay.ts";
import { positionOf, seqOf } from "./position.ts";
import { openForCheckpoints, openForReading } from "./schema.ts";
import { answerCalls } from "./thread.ts";

/** Messages of one channel in ascending order. */
export interface Page {
  /** Message records (see wire/lay.ts). */
  readonly records: Uint8Array<ArrayBuffer>;
  readonly count: number;
  /** The last message's number; 0 where there is none. */
  readonly last: number;
  /** There are messages beyond the page, within the bounds asked for. */
  readonly more: boolean;
}

interface Row {
  readonly position: number;
  readonly encoded: Uint8Array;
}

let opened: { db: Database; checkpointer: Database; up: Select; down: Select } | undefined;

type Select = ReturnType<typeof prepare>;

function prepare(db: Database, order: "ASC" | "DESC") {
  return db.prepare<Row, [number, number, number]>(
    `SELECT position, encoded FROM message WHERE position BETWEEN ? AND ?
     ORDER BY position ${order} LIMIT ?`,
  );
}

function store() {
  if (opened === undefined) throw new Error("store/reader: called before it was opened");
  return opened;
}

function pageOf(rows: Row[], limit: number, maxBytes: number, descending: boolean): Page {
  const kept: Row[] = [];
  let bytes = 0;
  for (const row of rows.slice(0, limit)) {
    bytes += row.encoded.length;
    if (kept.length > 0 && bytes > maxBytes) break;
    kept.push(row);
  }
  if (descending) kept.reverse();
  return {
    records: layMessageRecords(kept.map(({ encoded }) => encoded)),
    count: kept.length,
    last: kept.length === 0 ? 0 : seqOf((kept.at(-1) as Row).position),
    more: rows.length > kept.length,
  };
}

const calls = {
  open(path: string): void {
    const db = openForReading(path);
    // A checkpoint writes to the database file, which a read-only connection may not.
    const checkpointer = openForCheckpoints(path);
    opened = { db, checkpointer, up: prepare(db, "ASC"), down: prepare(db, "DESC") };
  },

  /** Messages `from` to `to`, both included, the oldest first. */
  ascending(channel: number, from: number, to: number, limit: number, maxBytes: number): Page {
    const rows = store().up.all(positionOf(channel, from), positionOf(channel, to), limit + 1);
    return pageOf(rows, limit, maxBytes, false);
  },

  /** The newest of the messages `from` to `to`, both included. */
  descending(channel: number, from: number, to: number, limit: number, maxBytes: number): Page {
    const rows = store().down.all(positionOf(channel, from), positionOf(channel, to), limit + 1);
    return pageOf(rows, limit, maxBytes, true);
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
