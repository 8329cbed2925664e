import { Database, SQLiteError } from "bun:sqlite";
import {
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { BUSY_TIMEOUT_MS, guarded, lockFile, StoreFileError } from "../schema.ts";
import { makeBackup } from "./backup.ts";
import { type Contents, checkDatabase } from "./check.ts";
import { draftOf, removeDraft, syncToDisk } from "./draft_files.ts";
import { finishRestore, giveOwnTime, restoredName } from "./finish_restore.ts";
import { dropForeignCode } from "./foreign_code.ts";
import { type Undone, undoneBy } from "./undone.ts";

/** Of a one-time code, in seconds (RFC 6238). */
const TOTP_STEP_SECONDS = 30;
/** The first schema with second factors. */
const FIRST_WITH_FACTORS = 3;

export interface RestoreOptions {
  /** A database that is there may be replaced; it is kept under another name. */
  readonly replace: boolean;
  /** What is signed in in the backup stays so. */
  readonly keepSignIns: boolean;
}

/** A restore that is done. */
export interface Restored extends Contents {
  /** Where the database that was there before is kept; undefined where there was none. */
  readonly keptAs: string | undefined;
  /** Sign-ins of the backup that have ended. */
  readonly endedSignIns: number;
  /** The names of the backup's triggers and views that were taken out, as they are not Hubbub's. */
  readonly foreignCode: readonly string[];
  /** What was changed after the backup, by the database that was replaced; undefined if it cannot tell. */
  readonly undone: Undone | undefined;
}

/**
 * Puts a backup in the place of a database, or where there is none.
 *
 * 1. Not while a server or another program has the database open.
 * 2. The backup is checked whole before anything is touched, and is itself never written to.
 * 3. Killed at any moment, it leaves the database as it was, or one that the next start finishes: the
 *    new one is complete, on the disk and under a name of its own before the old one is moved away.
 * 4. The new database has another log id, by which clients see that their numbers mean nothing here.
 *
 * @param name the database's path.
 * @throws StoreFileError with a sentence for the operator; then nothing was changed.
 */
export async function restoreBackup(
  backup: string,
  name: string,
  options: RestoreOptions,
): Promise<Restored> {
  const path = placeOf(name);
  const contents = checkDatabase(backup, "whole");
  if (existsSync(path) && realpathSync(backup) === path) {
    throw new StoreFileError(`${backup} is the database itself. Name a backup.`);
  }
  const lock = lockFile(path);
  try {
    finishRestore(path);
    if (isThere(path) && !options.replace) {
      throw new StoreFileError(
        `${path} exists. With --replace it is kept under another name, and the backup takes its place.`,
      );
    }
    const draft = restoringName(path);
    // Whoever has the lock is the only one: these are of processes that were killed.
    const stale = `${basename(path)}.restoring-`;
    for (const name of readdirSync(dirname(path))) {
      if (name.startsWith(stale)) rmSync(join(dirname(path), name));
    }
    try {
      await makeBackup(backup, draft, { rest: () => {}, isStill: true });
      // One that is damaged is not even opened: SQLite would do something about its WAL.
      const isSound = isThere(path) && isWhole(path);
      const undone = isSound ? undoneBy(draft, path) : undefined;
      const made = guarded(draft, () => makeAnother(draft, contents.version, options));
      if (isSound) refuseWhileInUse(path);
      giveToOwner(path, draft, `${path}.lock`);
      giveOwnTime(draft, path);
      syncToDisk(draft);
      renameSync(draft, restoredName(path));
      syncToDisk(dirname(path));
      return { ...contents, ...made, undone, keptAs: finishRestore(path) };
    } finally {
      removeDraft(draft);
    }
  } finally {
    lock.close();
  }
}

/** What a restored database is called until it is complete, where this process makes it. */
function restoringName(path: string): string {
  return `${path}.restoring-${process.pid}`;
}

/** What a restore by this process may leave where it is ended in the middle, none of which is of use. */
export function unfinishedRestore(name: string): string[] {
  const draft = restoringName(placeOf(name));
  return [draft, draftOf(draft)];
}

/** Where the database is or will be, behind any symbolic link; its folder is made. */
function placeOf(name: string): string {
  try {
    mkdirSync(dirname(name), { recursive: true, mode: 0o700 });
    return existsSync(name)
      ? realpathSync(name)
      : join(realpathSync(dirname(name)), basename(name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StoreFileError(
      `${name} cannot be restored (${code}). Name another file with --data.`,
    );
  }
}

/** What root restores is the server's, whoever that runs as: the owner of the database, or of its folder. */
function giveToOwner(path: string, ...files: readonly string[]): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(existsSync(path) ? path : dirname(path));
  // Not what a link names: who owns the folder could have put one to any file of root's.
  for (const file of files) lchownSync(file, uid, gid);
}

function isThere(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function isWhole(path: string): boolean {
  try {
    checkDatabase(path, "quick");
    return true;
  } catch (error) {
    if (error instanceof StoreFileError) return false;
    throw error;
  }
}

/** Makes the copy a database of its own: with a log id of its own, and without what must not come back. */
function makeAnother(
  path: string,
  version: number,
  { keepSignIns }: RestoreOptions,
): Pick<Restored, "endedSignIns" | "foreignCode"> {
  const db = new Database(path, { readwrite: true, strict: true });
  try {
    db.run("PRAGMA foreign_keys = ON");
    return db.transaction(() => {
      // First, or it would see to what follows.
      const foreignCode = dropForeignCode(db, version);
      db.run("UPDATE meta SET value = lower(hex(randomblob(16))) WHERE key = 'log_id'");
      if (version >= FIRST_WITH_FACTORS) {
        // One-time codes that were used since the backup are good for no second time: those of this
        // step and the next are the newest that can have been.
        db.run("UPDATE totp_factor SET last_step = max(last_step, unixepoch() / ? + 1)", [
          TOTP_STEP_SECONDS,
        ]);
      }
      const ended = keepSignIns ? [] : db.query("DELETE FROM session RETURNING 1").all();
      return { endedSignIns: ended.length, foreignCode };
    })();
  } finally {
    db.close();
  }
}

/**
 * Refuses while anybody has the database open: only who is alone can take it out of WAL mode, which
 * also leaves it as one file.
 */
function refuseWhileInUse(path: string): void {
  try {
    const db = new Database(path, { readwrite: true, strict: true });
    try {
      db.run(`PRAGMA busy_timeout = ${Math.min(1000, BUSY_TIMEOUT_MS)}`);
      db.run("PRAGMA journal_mode = DELETE");
    } finally {
      db.close();
    }
  } catch (error) {
    if (!(error instanceof SQLiteError)) throw error;
    if (/^SQLITE_(BUSY|LOCKED)/.test(error.code ?? "")) {
      throw new StoreFileError(`Another program has ${path} open. Stop it first.`);
    }
  }
}
