import type { Database } from "bun:sqlite";

/** What of a channel is to go: its oldest messages, as long as one of the three bounds names them. */
export interface TrimOrder {
  readonly channel: number;
  /** No message above this number goes, whatever the bounds say. */
  readonly head: number;
  /** Messages up to this number go; 0: the numbers do not matter. */
  readonly upToSeq: number;
  /** Messages up to this row (see tables.ts) go; 0: the rows do not matter. */
  readonly upToRow: number;
  /** Messages go until they were so many bytes, but never the one at `head`; 0: bytes do not matter. */
  readonly bytes: number;
}

/** What has become of a channel. */
export interface Trimmed {
  readonly channel: number;
  /** Messages up to this number are gone. */
  readonly gone: number;
  /** How many went now, and how many bytes they were, encoded. */
  readonly messages: number;
  readonly bytes: number;
}

/** What one job did. */
export interface TrimResult {
  readonly trimmed: readonly Trimmed[];
  /** So many of the orders, from the first on, need nothing more. */
  readonly done: number;
}

/** The most bytes of messages that go in one job, but always one message: they are overwritten. */
const BYTES_AT_ONCE = 256 * 1024;
/** Marks are made so often; that is how exact an age is. */
const MARK_EVERY_MS = 3_600_000;

interface Row {
  readonly id: number;
  readonly seq: number;
  readonly bytes: number;
}

/**
 * Deletes the oldest messages of channels. What is left of a channel is always an unbroken run up to
 * its head, and `gone`, written in the same transaction, says where it begins.
 */
export function retentionJobs(db: Database) {
  const oldest = db.prepare<Row, [number, number, number]>(
    `SELECT id, seq, length(encoded) AS bytes FROM message
     WHERE channel_id = ? AND seq <= ? ORDER BY seq LIMIT ?`,
  );
  const remove = db.prepare<unknown, [number, number]>(
    "DELETE FROM message WHERE channel_id = ? AND seq <= ?",
  );
  const note = db.prepare<unknown, [number, number]>(
    `INSERT INTO retention (channel_id, gone) VALUES (?, ?)
     ON CONFLICT (channel_id) DO UPDATE SET gone = excluded.gone`,
  );
  const mark = db.prepare<unknown, [number]>(
    `INSERT OR REPLACE INTO arrival_mark
     VALUES (?, (SELECT coalesce(max(id), 0) FROM message))`,
  );
  const newestMark = db.prepare<{ time_ms: number }, []>(
    "SELECT time_ms FROM arrival_mark ORDER BY time_ms DESC LIMIT 1",
  );
  const forgetMarks = db.prepare<unknown, []>(
    // Below the oldest message they say nothing, but for the last of them.
    `DELETE FROM arrival_mark WHERE time_ms < (
       SELECT max(time_ms) FROM arrival_mark
       WHERE newest_id < (SELECT coalesce(min(id), 0) FROM message))`,
  );
  const setClock = db.prepare<unknown, [string]>(
    "INSERT OR REPLACE INTO meta (key, value) VALUES ('retention_ms', ?)",
  );
  return {
    /** Deletes at most `mostMessages` of what is ordered, in the order of the orders: one for a channel. */
    trim(orders: readonly TrimOrder[], mostMessages: number): TrimResult {
      const trimmed: Trimmed[] = [];
      let [messages, bytes, done] = [0, 0, 0];
      for (const order of orders) {
        const { channel, head, upToSeq, upToRow } = order;
        let gone = 0;
        let [ofChannel, bytesOfChannel] = [0, 0];
        let isFull = false;
        // Row by row, for most orders look at one that stays.
        for (const row of oldest.iterate(channel, head, mostMessages - messages + 1)) {
          const isTooMuch = row.seq < head && bytesOfChannel < order.bytes;
          if (row.seq > upToSeq && row.id > upToRow && !isTooMuch) break;
          isFull = messages === mostMessages || (messages > 0 && bytes + row.bytes > BYTES_AT_ONCE);
          if (isFull) break;
          gone = row.seq;
          messages += 1;
          bytes += row.bytes;
          ofChannel += 1;
          bytesOfChannel += row.bytes;
        }
        if (ofChannel > 0) {
          remove.run(channel, gone);
          note.run(channel, gone);
          trimmed.push({ channel, gone, messages: ofChannel, bytes: bytesOfChannel });
        }
        if (isFull) break;
        done += 1;
      }
      return { trimmed, done };
    },

    /** Notes how far the clock of retention has come and, now and then, which messages there are. */
    markArrivals(nowMs: number): void {
      setClock.run(String(nowMs));
      const newest = newestMark.get()?.time_ms;
      if (newest !== undefined && nowMs < newest + MARK_EVERY_MS) return;
      mark.run(nowMs);
      forgetMarks.run();
    },
  };
}
