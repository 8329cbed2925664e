import { constants, Database, SQLiteError } from "bun:sqlite";
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { APPLICATION_ID, migrations, StoreFileError } from "../schema.ts";

/** Every SQLite file begins with these. */
const MAGIC = "SQLite format 3\0";
/** The first schema in which a message has its channel and number as columns. */
const FIRST_WITH_NUMBERS = 2;
/** The first in which the oldest messages may be gone. */
const FIRST_WITH_RETENTION = 3;

/** What a database holds. */
export interface Contents {
  /** Of its schema: the migrations that it has seen. */
  readonly version: number;
  readonly logId: string;
  readonly bytes: number;
  readonly accounts: number;
  readonly channels: number;
  readonly messages: number;
}

/**
 * Checks a database that nobody writes to: that it is Hubbub's and not of a newer version, that its
 * pages are whole, and that each channel's messages bear numbers without a gap.
 *
 * @param depth `quick` goes through every page; `whole` compares the indexes with the tables as well,
 * which takes about four times as long.
 * @param shown what a sentence calls it.
 * @throws StoreFileError with a sentence for the operator.
 */
export function checkDatabase(path: string, depth: "quick" | "whole", shown = path): Contents {
  refuseForeign(path);
  try {
    const db = openAlone(path);
    try {
      return check(db, { path, shown }, depth);
    } finally {
      db.close();
    }
  } catch (error) {
    if (!(error instanceof SQLiteError)) throw error;
    throw damaged(shown, error.message);
  }
}

/** Looks at the first bytes only. */
function refuseForeign(path: string): void {
  let head: Buffer;
  try {
    head = headOf(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StoreFileError(
      code === "ENOENT" ? `There is no ${path}.` : `${path} cannot be read (${code}).`,
    );
  }
  if (head.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    throw new StoreFileError(`${path} is not a database, and so no backup of Hubbub.`);
  }
}

function headOf(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(MAGIC.length);
    readSync(file, head, 0, head.length, 0);
    return head;
  } finally {
    closeSync(file);
  }
}

/** A file without a WAL is opened as one that never changes, so that nothing is made beside it. */
function openAlone(path: string): Database {
  const url = `${pathToFileURL(resolve(path)).href}?immutable=1`;
  const db = existsSync(`${path}-wal`)
    ? new Database(path, { readonly: true, strict: true })
    : new Database(url, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
  // It may have been in other hands: https://sqlite.org/security.html
  db.run("PRAGMA trusted_schema = OFF");
  db.run("PRAGMA cell_size_check = ON");
  return db;
}

function check(
  db: Database,
  { path, shown }: { readonly path: string; readonly shown: string },
  depth: "quick" | "whole",
): Contents {
  const number = (sql: string) => Number(Object.values(db.query(sql).get() as object)[0]);
  if (number("PRAGMA application_id") !== APPLICATION_ID) {
    throw new StoreFileError(`${shown} is another program's database, and no backup of Hubbub.`);
  }
  const version = number("PRAGMA user_version");
  if (version > migrations.length) {
    throw new StoreFileError(
      `${shown} was made by a newer version of Hubbub (schema ${version}; this one knows ${migrations.length}). Use that version.`,
    );
  }
  // Any of them could be a view, which is carried out, or another program's.
  const tables = number(
    `SELECT count(*) FROM sqlite_schema
     WHERE type = 'table' AND rootpage > 0 AND name IN ('meta', 'account', 'channel', 'message')`,
  );
  if (tables !== 4) throw damaged(shown, "it lacks tables that every version has");
  const pragma = depth === "quick" ? "quick_check" : "integrity_check";
  const found = db.query(`PRAGMA ${pragma}(1)`).values()[0]?.[0];
  if (found !== "ok") throw damaged(shown, String(found));
  const { size } = statSync(path);
  // SQLite reads a file whose end was cut off as long as nothing of that end is asked for. Where there is
  // a WAL, the end may stand in that.
  const walBytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (walBytes === 0 && size < number("PRAGMA page_count") * number("PRAGMA page_size")) {
    throw damaged(shown, "its end is missing");
  }
  const log = db.query<{ value: string }, []>("SELECT value FROM meta WHERE key = 'log_id'").get();
  if (log === null) throw damaged(shown, "it has no log id");
  return {
    version,
    logId: log.value,
    bytes: size,
    accounts: number("SELECT count(*) FROM account WHERE name != ''"),
    channels: number("SELECT count(*) FROM channel WHERE name != ''"),
    messages:
      version < FIRST_WITH_NUMBERS
        ? number("SELECT count(*) FROM message")
        : countMessages(db, shown, version >= FIRST_WITH_RETENTION),
  };
}

/** Counts the messages; each channel's must bear the numbers from the first that is kept to its last. */
function countMessages(db: Database, shown: string, hasRetention: boolean): number {
  let messages = 0;
  const rows = db
    .query<
      {
        channel: number;
        known: number | null;
        gone: number;
        deleted: 0 | 1;
        count: number;
        first: number;
        last: number;
      },
      []
    >(
      `SELECT m.channel_id AS channel, channel.id AS known, m.count, m.first, m.last,
         ${hasRetention ? "coalesce((SELECT gone FROM retention AS r WHERE r.channel_id = m.channel_id), 0)" : "0"} AS gone,
         ${hasRetention ? "channel.deleted_ms IS NOT NULL" : "0"} AS deleted
       FROM (SELECT channel_id, count(*) AS count, min(seq) AS first, max(seq) AS last
             FROM message GROUP BY channel_id) AS m
       LEFT JOIN channel ON channel.id = m.channel_id`,
    )
    .all();
  for (const { channel, known, gone, deleted, count, first, last } of rows) {
    messages += count;
    // Nobody sees it any more. A message that was on its way to the disk may have come after its deletion.
    if (deleted === 1) continue;
    if (known === null)
      throw damaged(shown, `it has messages of channel ${channel}, but not the channel`);
    if (count !== last - first + 1) {
      const numbers = `${count} messages bear the numbers ${first} to ${last}`;
      throw damaged(shown, `in channel ${channel}, ${numbers}`);
    }
    if (first !== gone + 1) {
      throw damaged(
        shown,
        `in channel ${channel}, messages ${gone + 1} to ${first - 1} are missing`,
      );
    }
  }
  return messages;
}

function damaged(path: string, what: string): StoreFileError {
  return new StoreFileError(`${path} is damaged: ${what.replaceAll(/\s+/g, " ")}.`);
}
