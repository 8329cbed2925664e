import type { Database } from "bun:sqlite";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { finishRestore, restoredName } from "./backups/finish_restore.ts";
import { reading, StoreError } from "./errors.ts";
import { History } from "./history.ts";
import { isBehindMark } from "./log_mark.ts";
import type { Durability } from "./schema.ts";
import {
  fileError,
  guarded,
  lockFile,
  openForReading,
  openForWriting,
  StoreFileError,
} from "./schema.ts";
import { type UpdateOptions, updateFile } from "./update.ts";
import { Writer } from "./writer.ts";

/** A file up to this size is checked whole at start; it takes well under a second. */
const CHECK_UP_TO_BYTES = 64 * 1024 * 1024;

/** A channel as the file describes it. */
export interface ChannelRow {
  readonly id: number;
  readonly name: string;
  /** The number of its newest message; 0 while there is none. */
  readonly head: number;
  /** Messages up to this number are kept no more; 0 without it. */
  readonly gone?: number;
  readonly members: number;
  readonly isArchived?: boolean;
}

/** The open file: one thread that writes, one that reads pages, and a connection for look-ups. */
export interface Store {
  /** The database, behind any symbolic link. */
  readonly file: string;
  readonly writer: Writer;
  readonly history: History;
  /** Read-only, on this thread: for indexed reads of single rows. */
  readonly reads: Database;
  /** Names the log, so that clients can tell one from another. */
  readonly logId: string;
  /** The file is older than it was when it was last open. The log has been given a new id for that. */
  readonly hasGoneBack: boolean;
  readonly channels: readonly ChannelRow[];
  /** The highest account id; 0 while there is none. */
  readonly newestAccount: number;
  /** The id of the newest notice that `channels` has in it: see notices.ts. */
  readonly newestNotice: number;
  /** The channels an account is in, as the file has it. */
  readonly subscriptionsOf: (account: number) => readonly number[];
  /** Carries out what the threads were asked for, checkpoints, and closes the file. */
  readonly close: () => Promise<void>;
}

/**
 * Opens the file, creating it and its folder if there are none.
 *
 * @param name the file's path, which may be a symbolic link.
 * @param died called should a thread die; nothing can be kept from then on.
 * @throws StoreFileError with a sentence for the operator.
 */
export async function openStore(
  name: string,
  durability: Durability,
  died: (error: Error) => void,
  options: UpdateOptions = { hasBackup: true, told: () => {}, ownCheckpoints: true },
): Promise<Store> {
  const path = makeFile(name);
  const lock = lockFile(path);
  try {
    await updateFile(path, options);
    const { logId, hasGoneBack, channels, newestAccount, newestNotice } = guarded(path, () =>
      readCatalog(path, durability),
    );
    const writer = await Writer.open(path, durability, died);
    const history = await History.open(path, died);
    const reads = openForReading(path);
    const subscriptions = guarded(path, () =>
      reads.prepare<{ channel_id: number }, [number]>(
        "SELECT channel_id FROM subscription WHERE account_id = ?",
      ),
    );
    return {
      file: path,
      writer,
      history,
      reads,
      logId,
      hasGoneBack,
      channels,
      newestAccount,
      newestNotice,
      subscriptionsOf: (account) =>
        reading(() => subscriptions.all(account)).map((row) => row.channel_id),
      async close() {
        try {
          await history.close();
          reads.close();
          // Last, so that its checkpoint finds no reader and can empty the WAL.
          await writer.close(options.ownCheckpoints);
        } finally {
          // Not before: when a thread ends, Bun checkpoints what it had open, and the writer's
          // checkpoint would be given up because of that one.
          history.terminate();
          lock.close();
        }
      },
    };
  } catch (error) {
    lock.close();
    throw error instanceof StoreError ? fileError(path, error.code, error.message) : error;
  }
}

/**
 * Makes the data file and its folder if there are none, for their owner's eyes only: the file holds
 * the hashes of passwords.
 *
 * @returns the file's own path, behind any symbolic link, so that there is one lock to a file.
 * @throws StoreFileError where it cannot be made or written to.
 */
export function makeFile(path: string): string {
  const folder = dirname(path);
  refusing(`The data folder ${folder} cannot be written to`, "Make it writable, or name", () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
  });
  finishInterruptedRestore(path);
  return refusing(`${path} cannot be used`, "Name", () => {
    // SQLite gives its WAL the permissions of the database.
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600));
    return realpathSync(path);
  });
}

/** A restore that was killed at its end is finished by whoever comes next. */
function finishInterruptedRestore(name: string): void {
  const link = lstatSync(name, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const path = link ? resolve(dirname(name), readlinkSync(name)) : name;
  if (!existsSync(restoredName(path))) return;
  const lock = lockFile(path);
  try {
    finishRestore(path);
  } finally {
    lock.close();
  }
}

/** Does something with the file system, or says in a sentence what it refused. */
function refusing<T>(what: string, advice: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new StoreFileError(`${what} (${code}). ${advice} another file with --data.`);
  }
}

/** Brings the schema up to date, checks the file, and reads what the server holds in memory. */
function readCatalog(path: string, durability: Durability) {
  const db = openForWriting(path, durability);
  try {
    if (statSync(path).size <= CHECK_UP_TO_BYTES) check(db, path);
    const { id, beats } = db
      .query("SELECT value AS id, beats FROM meta, heartbeat WHERE key = 'log_id'")
      .get() as { id: string; beats: number };
    const hasGoneBack = isBehindMark(path, id, beats);
    const logId = hasGoneBack ? newLogId(db) : id;
    // First, so that whatever a command does from here on is seen by the watch, if not twice.
    const { newestNotice } = db
      .query("SELECT coalesce(max(id), 0) AS newestNotice FROM notice")
      .get() as { newestNotice: number };
    const channels = db
      .query<Omit<ChannelRow, "isArchived"> & { archived: number }, []>(
        `SELECT id, name, archived_ms IS NOT NULL AS archived, coalesce(gone, 0) AS gone,
           max(coalesce(gone, 0),
             coalesce((SELECT max(seq) FROM message WHERE channel_id = channel.id), 0)) AS head,
           (SELECT count(*) FROM subscription WHERE channel_id = channel.id) AS members
         FROM channel LEFT JOIN retention ON channel_id = id WHERE deleted_ms IS NULL ORDER BY id`,
      )
      .all()
      .map(({ archived, ...row }) => ({ ...row, isArchived: archived !== 0 }));
    const account = db.query<{ id: number | null }, []>("SELECT max(id) AS id FROM account").get();
    return { logId, hasGoneBack, channels, newestAccount: account?.id ?? 0, newestNotice };
  } finally {
    db.close();
  }
}

function newLogId(db: Database): string {
  const sql =
    "UPDATE meta SET value = lower(hex(randomblob(16))) WHERE key = 'log_id' RETURNING value";
  return (db.query(sql).get() as { value: string }).value;
}

function check(db: Database, path: string): void {
  const row = db.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get();
  if (row?.quick_check !== "ok") {
    throw fileError(path, "SQLITE_CORRUPT", row?.quick_check ?? "no answer");
  }
}
