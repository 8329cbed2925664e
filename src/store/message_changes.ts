import type { Database } from "bun:sqlite";
import { type Emptying, emptied, isDeleted } from "../wire/tombstone.ts";
import { noticeWrites } from "./notices.ts";

interface Row {
  readonly id: number;
  readonly channel: number;
  readonly seq: number;
  readonly encoded: Uint8Array;
}

/**
 * What is done to messages by commands: they are emptied, and their rows stay, so that each channel's numbers
 * stay whole. Each leaves a notice for a server that runs on the file. To be called in a transaction.
 */
export function messageChanges(db: Database) {
  const notices = noticeWrites(db);
  const find = db.prepare<Row, [number, number]>(
    "SELECT id, channel_id AS channel, seq, encoded FROM message WHERE channel_id = ? AND seq = ?",
  );
  const read = db.prepare<Row, [number, number]>(
    `SELECT id, channel_id AS channel, seq, encoded FROM message WHERE id = ? AND author_id = ?`,
  );
  const replace = db.prepare<unknown, [Uint8Array<ArrayBuffer>, number]>(
    "UPDATE message SET encoded = ? WHERE id = ?",
  );
  // The nonce was the author's. Nobody can send it again, and another one's must not be the same.
  const disown = db.prepare<unknown, [number]>(
    "UPDATE message SET author_id = 0, nonce = randomblob(16) WHERE id = ?",
  );

  const empty = ({ id, channel, seq, encoded }: Row, what: Emptying) => {
    replace.run(emptied(encoded, what, { channel, seq }), id);
    if (what.author) disown.run(id);
    notices.message(channel, seq);
  };

  return {
    /** Deletes one message. Returns false where it is deleted already, undefined where there is none. */
    deleteMessage(channel: number, seq: number): boolean | undefined {
      const row = find.get(channel, seq);
      if (row === null) return undefined;
      if (isDeleted(row.encoded)) return false;
      empty(row, { body: true, author: false });
      return true;
    },

    /** Empties those messages of an account that have these ids in the table. */
    disownMessages(account: number, ids: readonly number[], keepsBodies: boolean): void {
      for (const id of ids) {
        const row = read.get(id, account);
        if (row !== null) empty(row, { body: !keepsBodies, author: true });
      }
    },
  };
}

/** A stretch of the messages, in the order of their coming. */
export interface Stretch {
  /** The table's ids of the account's messages in it. */
  readonly ids: readonly number[];
  /** Where the next one begins; undefined at the end. */
  readonly next: number | undefined;
}

/**
 * The messages of an account in one stretch of `rows` rows of the table, from `from` on. There is no index by
 * author, so all messages are gone through, and in stretches, so that nobody waits for it.
 */
export function ownMessages(db: Database, account: number, from: number, rows: number): Stretch {
  const end = db
    .query<{ id: number }, [number, number]>(
      "SELECT id FROM message WHERE id >= ? ORDER BY id LIMIT 1 OFFSET ?",
    )
    .get(from, rows);
  const own = db
    .query<{ id: number }, [number, number, number]>(
      "SELECT id FROM message WHERE id >= ? AND id < ? AND author_id = ? ORDER BY id",
    )
    .all(from, end?.id ?? Number.MAX_SAFE_INTEGER, account);
  return { ids: own.map(({ id }) => id), next: end?.id };
}
