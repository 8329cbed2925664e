import type { Database } from "bun:sqlite";

/** What the reader thread looks up about the ends of channels. */
export function retentionReads(db: Database) {
  const gone = db.prepare<{ gone: number }, [number]>(
    "SELECT gone FROM retention WHERE channel_id = ?",
  );
  const oldest = db.prepare<{ id: number }, [number]>(
    "SELECT id FROM message WHERE channel_id = ? ORDER BY seq LIMIT 1",
  );
  const bytes = db.prepare<{ bytes: number }, [number, number, number]>(
    `SELECT coalesce(sum(length(encoded)), 0) AS bytes FROM message
     WHERE channel_id = ? AND seq BETWEEN ? AND ?`,
  );
  return {
    /** Messages of the channel up to this number are kept no more. */
    goneOf: (channel: number): number => gone.get(channel)?.gone ?? 0,
    oldestRows: (channels: readonly number[]): number[] =>
      channels.map((channel) => oldest.get(channel)?.id ?? 0),
    bytesOf: (channel: number, from: number, to: number): number =>
      bytes.get(channel, from, to)?.bytes ?? 0,
    /** What tables and indexes take but those of messages, in bytes. Goes through all of their pages. */
    bytesBeside(): number {
      const names = db
        .query<{ name: string }, []>(
          "SELECT name FROM sqlite_schema WHERE rootpage > 0 AND tbl_name <> 'message'",
        )
        .all();
      // By name, or the messages would be gone through as well.
      const size = db.query<{ bytes: number }, [string]>(
        "SELECT coalesce(sum(pgsize), 0) AS bytes FROM dbstat WHERE aggregate = TRUE AND name = ?",
      );
      return names.reduce((sum, { name }) => sum + (size.get(name)?.bytes ?? 0), 0);
    },
  };
}
