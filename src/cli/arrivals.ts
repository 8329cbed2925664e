import type { Untouched } from "../store/untouched.ts";
import { readableTimeMs } from "../wire/message_time.ts";

interface Row {
  readonly id: number;
  readonly encoded: Uint8Array;
}

/**
 * How many messages came since then, those that are gone again included. By bisection: rows are in the
 * order of their coming.
 */
export function cameSince(db: Untouched, sinceMs: number): number {
  const newest = db.number("SELECT coalesce(max(id), 0) FROM message");
  // All rows up to `low` came before, all from `high` on since then.
  let [low, high] = [db.number("SELECT coalesce(min(id), 1) FROM message") - 1, newest + 1];
  while (low + 1 < high) {
    const middle = Math.floor((low + high) / 2);
    const row = db.get<Row>(
      "SELECT id, encoded FROM message WHERE id >= ? ORDER BY id LIMIT 1",
      middle,
    );
    if (row === undefined || (readableTimeMs(row.encoded) ?? sinceMs) >= sinceMs) high = middle;
    else low = Math.min(row.id, high - 1);
  }
  return newest - low;
}

/** When the oldest message came that is kept, and the newest; undefined without messages. */
export function timesOfMessages(db: Untouched) {
  const row = (order: "ASC" | "DESC") =>
    db.get<Row>(`SELECT id, encoded FROM message ORDER BY id ${order} LIMIT 1`);
  const [oldest, newest] = [row("ASC"), row("DESC")];
  if (oldest === undefined || newest === undefined) return undefined;
  return { oldestMs: readableTimeMs(oldest.encoded), newestMs: readableTimeMs(newest.encoded) };
}
