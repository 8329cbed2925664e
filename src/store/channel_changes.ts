import type { Database } from "bun:sqlite";
import { nameKey } from "../wire/names.ts";
import { decoded } from "../wire/tombstone.ts";
import { noticeWrites } from "./notices.ts";

/** A channel as the operator looks at it. */
export interface ListedChannel {
  readonly id: number;
  readonly name: string;
  readonly members: number;
  /** Those that are there to be read, deleted ones included. */
  readonly messages: number;
  /** When its newest message was taken, in ms since the Unix epoch; undefined without one. */
  readonly newestMs: number | undefined;
  readonly isArchived: boolean;
  /** Its deletion was begun and broken off. */
  readonly isHalfDeleted: boolean;
}

interface ListRow {
  readonly id: number;
  readonly name: string;
  readonly members: number;
  readonly messages: number;
  readonly newest: Uint8Array | null;
  readonly archived_ms: number | null;
  readonly deleted_ms: number | null;
}

/** The channels in the order of their ids. Of each it is a few look-ups, however many messages it has. */
export function listChannels(db: Database): readonly ListedChannel[] {
  const rows = db
    .query<ListRow, []>(
      `SELECT id, name, archived_ms, deleted_ms,
         (SELECT count(*) FROM subscription WHERE channel_id = channel.id) AS members,
         coalesce((SELECT max(seq) FROM message WHERE channel_id = channel.id) + 1
           - (SELECT min(seq) FROM message WHERE channel_id = channel.id), 0) AS messages,
         (SELECT encoded FROM message WHERE channel_id = channel.id
          ORDER BY seq DESC LIMIT 1) AS newest
       FROM channel WHERE name != '' ORDER BY id`,
    )
    .all();
  return rows.map(({ newest, archived_ms, deleted_ms, ...row }) => ({
    ...row,
    newestMs: newest === null ? undefined : decoded(newest)?.timeMs,
    isArchived: archived_ms !== null,
    isHalfDeleted: deleted_ms !== null,
  }));
}

/** The id of the channel of that name, compared case-insensitively. */
export function channelNamed(db: Database, name: string): number | undefined {
  const row = db
    .query<{ id: number }, [string]>(
      "SELECT id FROM channel WHERE name_key = ? AND deleted_ms IS NULL",
    )
    .get(nameKey(name));
  return row?.id;
}

/**
 * What is done to channels by commands. Each leaves a notice, so that a server that runs on the file does
 * the same in its memory. To be called in a transaction.
 */
export function channelChanges(db: Database) {
  const notices = noticeWrites(db);
  const rename = db.prepare<unknown, [string, string, number]>(
    "UPDATE OR IGNORE channel SET name = ?, name_key = ? WHERE id = ?",
  );
  const archive = db.prepare<unknown, [number, number]>(
    "UPDATE channel SET archived_ms = ? WHERE id = ? AND archived_ms IS NULL",
  );
  const unarchive = db.prepare<unknown, [number]>(
    "UPDATE channel SET archived_ms = NULL WHERE id = ? AND archived_ms IS NOT NULL",
  );
  // The name is free at once. It stays readable, for the command to be given again where it was broken off.
  const hide = db.prepare<unknown, [number, number]>(
    `UPDATE channel SET deleted_ms = ?, name_key = 'deleted ' || hex(randomblob(16))
     WHERE id = ? AND deleted_ms IS NULL`,
  );
  // The newest first: a backup that is made meanwhile finds numbers without a gap from the first on.
  const deleteSome = db.prepare<unknown, [number, number]>(
    `DELETE FROM message WHERE id IN
       (SELECT id FROM message WHERE channel_id = ? ORDER BY seq DESC LIMIT ?)`,
  );
  const deleteMembers = db.prepare<unknown, [number]>(
    "DELETE FROM subscription WHERE channel_id = ?",
  );
  const deleteLimits = db.prepare<unknown, [number]>("DELETE FROM retention WHERE channel_id = ?");
  const unname = db.prepare<unknown, [number]>("UPDATE channel SET name = '' WHERE id = ?");

  /** Leaves a notice where something has changed; returns whether. */
  const noted = (id: number, { changes }: { changes: number }) => {
    if (changes > 0) notices.channel(id);
    return changes > 0;
  };

  return {
    /** Returns false where another channel has the name. */
    rename: (id: number, name: string) => noted(id, rename.run(name, nameKey(name), id)),
    /** Returns false where it is archived already. */
    archive: (id: number, nowMs: number) => noted(id, archive.run(nowMs, id)),
    /** Returns false where it is not archived. */
    unarchive: (id: number) => noted(id, unarchive.run(id)),
    /** From now on nobody sees the channel, and the id is never given again. */
    hide: (id: number, nowMs: number) => noted(id, hide.run(nowMs, id)),
    /** Deletes up to so many messages of a hidden channel, the newest first; returns how many. */
    deleteMessages: (id: number, limit: number) => deleteSome.run(id, limit).changes,
    /** The last step: nothing is left of the channel but its id. */
    finish(id: number): void {
      deleteMembers.run(id);
      deleteLimits.run(id);
      unname.run(id);
    },
  };
}

/** Hidden channels of which something is left. */
export function halfDeletedChannels(db: Database): readonly number[] {
  const rows = db
    .query<{ id: number }, []>(
      `SELECT id FROM channel WHERE deleted_ms IS NOT NULL AND (name != ''
         OR EXISTS (SELECT 1 FROM message WHERE channel_id = channel.id))`,
    )
    .all();
  return rows.map(({ id }) => id);
}
