import { type Database, SQLiteError } from "bun:sqlite";
import { resolve } from "node:path";
import type { Config } from "../config.ts";
import { fileError, openForWriting } from "../store/schema.ts";
import { makeFile } from "../store/store.ts";
import { refuseOlderFile } from "../store/update.ts";
import { refuseMissing } from "./account_file.ts";

/** After a step a running server gets the file for this long at least. */
const REST_MS = 10;
/** By then a running server has seen what was done, and what was on its way to the disk has arrived. */
const SERVER_SEES_MS = 1500;
/** A step writes up to a MB to the WAL, and each of these times it may start over. */
const STEPS_PER_CHECKPOINT = 20;
/** How often the WAL is tried to be emptied, where somebody reads. */
const EMPTYING_TRIES = 50;
const EMPTYING_EVERY_MS = 100;

/**
 * Works on an existing file in several transactions, beside a server or without one.
 *
 * @throws UserCommandError, StoreFileError.
 */
export async function onFile<T>(
  config: Config,
  work: (db: Database) => Promise<T> | T,
): Promise<T> {
  refuseMissing(config);
  const path = makeFile(resolve(config.data));
  refuseOlderFile(path);
  const db = openForWriting(path, config.durability);
  try {
    return await work(db);
  } catch (error) {
    throw error instanceof SQLiteError ? fileError(path, error.code ?? "", error.message) : error;
  } finally {
    db.close();
  }
}

/** One transaction. */
export function step<T>(db: Database, work: () => T): T {
  return db.transaction(work).immediate();
}

/**
 * Steps until one returns false, with rests for a server to commit in. The WAL is copied into the database now and
 * then, as without a server nobody else does it: else it would become many times as large as what is written.
 */
export async function inSteps(
  db: Database,
  { checkpoints }: Pick<Config, "checkpoints">,
  work: () => boolean,
): Promise<void> {
  for (let steps = 1, isMore = true; isMore; steps++) {
    const began = performance.now();
    isMore = step(db, work);
    if (checkpoints === "own" && (!isMore || steps % STEPS_PER_CHECKPOINT === 0)) {
      // Waits for nobody. Where it is not done whole because of a reader, the next one does it.
      db.query("PRAGMA wal_checkpoint(PASSIVE)").get();
    }
    if (isMore) await Bun.sleep(Math.max(REST_MS, performance.now() - began));
  }
}

/** Waits until a server that may be running has seen what was done. */
export async function untilSeen(): Promise<void> {
  await Bun.sleep(SERVER_SEES_MS);
}

/**
 * Copies the WAL into the database and empties it, so that what was overwritten is not left there. Holds up
 * nobody. Returns whether it could; it is left to the server, or to who checkpoints in its place, where not.
 */
export async function emptyWal(db: Database, { checkpoints }: Config): Promise<boolean> {
  if (checkpoints !== "own") return false;
  db.run("PRAGMA busy_timeout = 0");
  for (let tries = 0; tries < EMPTYING_TRIES; tries++) {
    try {
      // The bulk, during which others write; then the rest of it.
      db.query("PRAGMA wal_checkpoint(PASSIVE)").get();
      const row = db.query("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number };
      if (row.busy === 0) return true;
    } catch (error) {
      if (!(error instanceof SQLiteError) || !error.code?.startsWith("SQLITE_BUSY")) throw error;
    }
    await Bun.sleep(EMPTYING_EVERY_MS);
  }
  return false;
}

/** What is said where the WAL could not be emptied. */
export const WAL_REMAINS =
  "The text may stand in the WAL beside the database until the next checkpoint starts it over.";
