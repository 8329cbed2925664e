import { Database, SQLiteError } from "bun:sqlite";
import { administrationTables } from "./administration_tables.ts";
import { reasonOfRefusal } from "./refused_file.ts";
import { retentionTables } from "./retention/tables.ts";

/** "HuBB": marks the file as Hubbub's (SQLite's `application_id`). */
export const APPLICATION_ID = 0x48754242;

/** The channel that every account starts in. */
export const GENERAL_CHANNEL_ID = 1;

/** Schema changes in order; `user_version` counts those that a file has seen. Never edit one. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('log_id', lower(hex(randomblob(16))));

  CREATE TABLE heartbeat (id INTEGER PRIMARY KEY CHECK (id = 1), beats INTEGER NOT NULL) STRICT;
  INSERT INTO heartbeat VALUES (1, 0);

  CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'monitor', 'admin')),
    created_ms INTEGER NOT NULL
  ) STRICT;

  -- One sign-in on one device. Ended sessions are deleted.
  CREATE TABLE session (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    used_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX session_of_account ON session (account_id);
  CREATE INDEX session_expiry ON session (expires_ms);

  -- SHA-256 of each refresh token that a session was given. The one in use is 'current'; its
  -- successor is 'issued' until it is first used; older ones are 'retired', and using one again
  -- is theft.
  CREATE TABLE refresh_token (
    hash BLOB PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('issued', 'current', 'retired')),
    created_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX refresh_token_of_session ON refresh_token (session_id);

  CREATE TABLE channel (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL
  ) STRICT;
  INSERT INTO channel VALUES (${GENERAL_CHANNEL_ID}, 'general', 'general', unixepoch() * 1000);

  CREATE TABLE subscription (
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    channel_id INTEGER NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, channel_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX subscription_of_channel ON subscription (channel_id);

  -- position = channel * 2^32 + seq; encoded = the protobuf message hubbub.v1.Message.
  CREATE TABLE message (
    position INTEGER PRIMARY KEY,
    author_id INTEGER NOT NULL,
    nonce BLOB NOT NULL,
    encoded BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX message_once ON message (author_id, nonce);
  `,
  `
  -- Messages lie in the order of their coming, so that a batch fills a few pages and not one for
  -- each of its channels and authors. Nonces that begin with a time keep message_once growing at
  -- one end, too.
  CREATE TABLE message_as_it_came (
    id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    author_id INTEGER NOT NULL,
    nonce BLOB NOT NULL,
    -- The protobuf message hubbub.v1.Message.
    encoded BLOB NOT NULL
  ) STRICT;
  INSERT INTO message_as_it_came (channel_id, seq, author_id, nonce, encoded)
    SELECT position >> 32, position & 0xffffffff, author_id, nonce, encoded
    FROM message ORDER BY position;
  DROP TABLE message;
  ALTER TABLE message_as_it_came RENAME TO message;
  CREATE UNIQUE INDEX message_in_channel ON message (channel_id, seq);
  CREATE UNIQUE INDEX message_once ON message (nonce, author_id);
  `,
  `
  -- Raised when all that the account was given becomes void; its access tokens carry it.
  ALTER TABLE account ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
  -- Since when nobody may use the account; NULL while somebody may.
  ALTER TABLE account ADD COLUMN disabled_ms INTEGER;
  -- Counts the changes of all accounts; an account has the number of its last one. So whatever
  -- changed since one looked last is found by the index, whoever changed it.
  ALTER TABLE account ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
  CREATE UNIQUE INDEX account_revision ON account (revision) WHERE revision > 0;

  -- Signs the session's refresh tokens, so that one that is kept no more is still known as its own.
  ALTER TABLE session ADD COLUMN family_key BLOB;

  -- Second factors. The secret is encrypted with a key that is not in this file. last_step is the
  -- newest time step whose code was taken; failures counts wrong codes in a row, the last of them
  -- at tried_ms.
  CREATE TABLE totp_factor (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL UNIQUE REFERENCES account (id) ON DELETE CASCADE,
    secret BLOB NOT NULL,
    last_step INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    tried_ms INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    used_ms INTEGER
  ) STRICT, WITHOUT ROWID;

  -- id is the credential's own, in base64url; public_key is a COSE_Key.
  CREATE TABLE passkey (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    user_handle BLOB NOT NULL,
    public_key BLOB NOT NULL,
    counter INTEGER NOT NULL,
    transports TEXT NOT NULL,
    name TEXT NOT NULL,
    is_synced INTEGER NOT NULL CHECK (is_synced IN (0, 1)),
    created_ms INTEGER NOT NULL,
    used_ms INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX passkey_of_account ON passkey (account_id);

  -- Hashes of recovery codes that have not been used.
  CREATE TABLE recovery_code (
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    PRIMARY KEY (account_id, hash)
  ) STRICT, WITHOUT ROWID;
  ${administrationTables}
  ${retentionTables}
  `,
];

/** How long a connection waits for another program that writes to the file. */
export const BUSY_TIMEOUT_MS = 5000;

/** A file that cannot be used, with a sentence for the person who runs the server. */
export class StoreFileError extends Error {
  override readonly name = "StoreFileError";
}

/** What an acknowledged message survives: a power cut (`synced`), or a killed process (`committed`). */
export type Durability = "synced" | "committed";

/**
 * Opens the file for writing, creates it if there is none, and brings its schema up to date in
 * one transaction.
 *
 * @throws StoreFileError where the file is not a database, is damaged, is another program's, or
 * was made by a newer version.
 */
export function openForWriting(path: string, durability: Durability): Database {
  return guarded(path, () => {
    const db = new Database(path, { create: true, readwrite: true, strict: true });
    try {
      db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      // First, so that nothing of a file that is not ours is changed, its journal mode included.
      const version = versionOf(db, path);
      db.run("PRAGMA journal_mode = WAL");
      db.run(`PRAGMA synchronous = ${durability === "synced" ? "FULL" : "NORMAL"}`);
      // Checkpoints are made beside the commits, not in the middle of one: see checkpoints.ts.
      db.run("PRAGMA wal_autocheckpoint = 0");
      db.run("PRAGMA foreign_keys = ON");
      db.run("PRAGMA cache_size = -65536");
      // Code that somebody has put into the file does nothing outside of it.
      db.run("PRAGMA trusted_schema = OFF");
      migrate(db, version);
      // What is deleted is overwritten, and what is moved when a page is full leaves no copy behind.
      db.run("PRAGMA secure_delete = ON");
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/** Opens the file for checkpoints: it is up to date, and nothing else is written through it. */
export function openForCheckpoints(path: string): Database {
  return guarded(path, () => {
    const db = new Database(path, { readwrite: true, strict: true });
    db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    db.run("PRAGMA wal_autocheckpoint = 0");
    return db;
  });
}

/** Opens the file for reading only. It must exist and be up to date. */
export function openForReading(path: string): Database {
  return guarded(path, () => {
    const db = new Database(path, { readonly: true, strict: true });
    db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    db.run("PRAGMA cache_size = -16384");
    return db;
  });
}

/**
 * Takes the file for this process alone; the returned database must be kept open for as long. The
 * lock is a lock of the operating system, so it ends with the process, however that ends.
 *
 * @throws StoreFileError where another server has it.
 */
export function lockFile(path: string): Database {
  return guarded(`${path}.lock`, () => {
    const lock = new Database(`${path}.lock`, { create: true, readwrite: true });
    try {
      lock.run("PRAGMA busy_timeout = 0");
      // With a journal in a file, the lock could not be had on a full disk.
      lock.run("PRAGMA journal_mode = MEMORY");
      lock.run("BEGIN EXCLUSIVE");
      return lock;
    } catch (error) {
      lock.close();
      if (error instanceof SQLiteError && error.code?.startsWith("SQLITE_BUSY")) {
        throw new StoreFileError(`Another Hubbub server is using ${path}. Stop it first.`);
      }
      throw error;
    }
  });
}

/** The migrations that the file has seen; refuses a file that this version must not touch. */
export function versionOf(db: Database, path: string): number {
  const pragma = (name: string) =>
    Number(Object.values(db.query(`PRAGMA ${name}`).get() as object)[0]);
  const version = pragma("user_version");
  const application = pragma("application_id");
  const tables = db.query("SELECT count(*) AS n FROM sqlite_schema").get() as { n: number };
  if (application !== APPLICATION_ID && tables.n > 0) {
    throw new StoreFileError(
      `${path} is another program's database. Name another file with --data.`,
    );
  }
  if (version > migrations.length) {
    throw new StoreFileError(
      `${path} was made by a newer version of Hubbub (schema ${version}; this one knows ${migrations.length}). Start that version, or restore a backup.`,
    );
  }
  return version;
}

function migrate(db: Database, version: number): void {
  if (version === migrations.length) return;
  db.transaction(() => {
    for (const sql of migrations.slice(version)) db.run(sql);
    db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.run(`PRAGMA user_version = ${migrations.length}`);
  }).exclusive();
}

/**
 * Does something with a file at start or for a command.
 *
 * @throws StoreFileError with a sentence in place of an SQLiteError.
 */
export function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof SQLiteError ? fileError(path, error.code ?? "", error.message) : error;
  }
}

/**
 * What SQLite found wrong with a file, as a sentence for the operator.
 *
 * @param code SQLite's name of the error, such as `SQLITE_CORRUPT`.
 */
export function fileError(path: string, code: string, message: string): StoreFileError {
  if (code === "SQLITE_NOTADB") {
    return new StoreFileError(`${path} is not a database. Name another file with --data.`);
  }
  // SQLite's own words may come on several lines.
  const found = message.replaceAll(/\s+/g, " ");
  return new StoreFileError(
    code.startsWith("SQLITE_CORRUPT")
      ? `${path} is damaged (${found}). Restore a backup, or rescue it with sqlite3's .recover.`
      : `${path} cannot be used: ${reasonOfRefusal(path, code, found)}.`,
  );
}
