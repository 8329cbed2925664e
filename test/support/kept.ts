import { Database } from "bun:sqlite";
import { until } from "./wait.ts";

const DAY_MS = 86_400_000;

/** As if all messages that are there had come so many days ago, by the clock that ages are told by. */
export function makeOlder(file: string, days: number): void {
  using db = new Database(file);
  db.run("PRAGMA busy_timeout = 5000");
  db.run(
    `INSERT OR REPLACE INTO arrival_mark
     SELECT CAST(value AS INTEGER) - ?, (SELECT max(id) FROM message)
     FROM meta WHERE key = 'retention_ms'`,
    [days * DAY_MS],
  );
}

/** What a file has of a channel: up to which number messages are gone, and the numbers of the others. */
export function keptOf(file: string, channel: string) {
  // Read-only: what a killed server has left is the next one's to put right.
  using db = new Database(file, { readonly: true });
  return db.transaction(() => {
    const { id, gone } = db
      .query<{ id: number; gone: number }, [string]>(
        `SELECT id, coalesce(gone, 0) AS gone FROM channel LEFT JOIN retention ON channel_id = id
         WHERE name = ?`,
      )
      .get(channel) as { id: number; gone: number };
    const rows = db
      .query<{ seq: number }, [number]>("SELECT seq FROM message WHERE channel_id = ? ORDER BY seq")
      .all(id);
    return { gone, seqs: rows.map(({ seq }) => seq) };
  })();
}

/** Waits until a channel's messages up to this number are gone from the file. */
export async function untilGone(file: string, channel: string, upTo: number): Promise<void> {
  await until(() => keptOf(file, channel).gone >= upTo);
}
