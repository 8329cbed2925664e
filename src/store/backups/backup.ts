import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { openForReading, StoreFileError } from "../schema.ts";
import { type Contents, checkDatabase } from "./check.ts";
import { type CopyOptions, copyDatabase } from "./database_copy.ts";
import { beginDraft, finishDraft, removeDraft } from "./draft_files.ts";

/** SQLite's number for a disk without room. */
const SQLITE_FULL = 13;
const MB = 1e6;

/** A backup that was made. */
export interface Backup extends Contents {
  readonly file: string;
  /** How long it took, its check included. */
  readonly ms: number;
}

/**
 * Makes a backup of a database, beside a running server or without one: a consistent copy in one file,
 * checked, on the disk, and under its name only then. What was there under that name is never touched.
 *
 * @param source a database that is there.
 * @throws StoreFileError with a sentence for the operator; then nothing is left behind.
 */
export async function makeBackup(
  source: string,
  file: string,
  how: CopyOptions = { rest: Bun.sleepSync, isStill: false },
): Promise<Backup> {
  const beganMs = performance.now();
  if (existsSync(file)) throw taken(file);
  const bytes = how.isStill ? statSync(source).size : bytesOf(source);
  const draft = fileSystem(file, bytes, () => {
    refuseWithoutRoom(file, bytes);
    return beginDraft(file);
  });
  try {
    await copyDatabase(source, draft, how).catch((error) => {
      throw explained(error, file, bytes);
    });
    const contents = checkDatabase(draft, "quick", source);
    fileSystem(file, bytes, () => {
      if (!finishDraft(draft, file)) throw taken(file);
    });
    return { file, ...contents, ms: performance.now() - beganMs };
  } finally {
    removeDraft(draft);
  }
}

/** As much as the copy will have. */
function bytesOf(source: string): number {
  const db = openForReading(source);
  try {
    const number = (name: string) => Number(db.query(`PRAGMA ${name}`).values()[0]?.[0]);
    return number("page_count") * number("page_size");
  } finally {
    db.close();
  }
}

/** Before anything is written: the disk may be the server's own, which is not to be filled. */
function refuseWithoutRoom(file: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(dirname(file));
  const free = Number(bavail) * Number(bsize);
  if (free < bytes * 1.1) throw noRoom(file, bytes);
}

/** Does something with the file system, or says in a sentence what it refused. */
function fileSystem<T>(file: string, bytes: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explained(error, file, bytes);
  }
}

function explained(error: unknown, file: string, bytes: number): unknown {
  if (error instanceof StoreFileError || !(error instanceof Error)) return error;
  const { code, errcode } = error as { code?: string; errcode?: number };
  if (code === "ENOSPC" || code === "EDQUOT" || code === "SQLITE_FULL" || errcode === SQLITE_FULL) {
    return noRoom(file, bytes);
  }
  if (code === "ENOENT" && !existsSync(dirname(file))) {
    return new StoreFileError(`There is no folder ${dirname(file)} for the backup.`);
  }
  if (code === undefined) return error;
  return new StoreFileError(`${file} could not be made: ${error.message} (${code}).`);
}

function taken(file: string): StoreFileError {
  return new StoreFileError(`${file} exists already. Name another file; nothing is overwritten.`);
}

function noRoom(file: string, bytes: number): StoreFileError {
  const needed = Math.ceil((bytes * 1.1) / MB).toLocaleString("en");
  return new StoreFileError(
    `There is no room in ${dirname(file)}: ${needed} MB are needed. Nothing was left behind.`,
  );
}
