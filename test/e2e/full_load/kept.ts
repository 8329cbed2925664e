import { Database } from "bun:sqlite";
import { File, type Kept } from "../../sim/file.ts";

/** How many messages the file of a running server holds, and how many places in channels. */
export function countKept(file: string): { messages: number; subscriptions: number } {
  const db = new Database(file, { readonly: true });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    const sql = `SELECT (SELECT coalesce(max(id), 0) FROM message) AS messages,
                        (SELECT count(*) FROM subscription) AS subscriptions`;
    return db.query<{ messages: number; subscriptions: number }, []>(sql).get() as never;
  } finally {
    db.close();
  }
}

/**
 * Everything that the file of a stopped server holds, and what is wrong with it: whether SQLite
 * finds it sound, and whether the numbers of each channel go from 1 on without a gap and each
 * author's nonces are there once. Reading it compares each message with the columns beside it.
 */
export function readKept(file: string): { kept: Kept[]; faults: string[] } {
  const db = new Database(file, { readonly: true });
  try {
    const faults: string[] = [];
    const check = db.query<{ integrity_check: string }, []>("PRAGMA integrity_check").all();
    for (const { integrity_check } of check) {
      if (integrity_check !== "ok") faults.push(integrity_check);
    }
    const kept = new File(db).all();
    const heads = new Map<number, number>();
    const said = new Set<string>();
    for (const { nonce, message } of kept) {
      const { channel, seq, authorId } = message;
      const next = (heads.get(channel) ?? 0) + 1;
      if (seq !== next) faults.push(`${channel}/${seq} stands where ${next} should`);
      heads.set(channel, seq);
      const key = `${authorId} ${nonce}`;
      if (said.has(key)) faults.push(`${channel}/${seq} has a nonce that was there before`);
      said.add(key);
    }
    return { kept, faults };
  } finally {
    db.close();
  }
}
