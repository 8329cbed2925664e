import { Database } from "bun:sqlite";
import { closeSync, existsSync, fdatasyncSync, openSync } from "node:fs";
import { resolve } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { BUSY_TIMEOUT_MS } from "../schema.ts";

/** Copied at once: 4 MiB of pages of 4 KiB. */
const PAGES_AT_ONCE = 1024;
/** The longest rest after a step, so that a disk that stalls once does not stop the copy for long. */
const LONGEST_REST_MS = 500;

export interface CopyOptions {
  /** Waits so many ms between two steps; the calling thread waits, too. */
  readonly rest: (ms: number) => void;
  /** Nobody writes to the source, and nothing is to be made beside it. */
  readonly isStill: boolean;
}

/**
 * Copies a database as it is at one moment, beside whoever reads and writes it, into a file that is
 * empty so far. The copy is one file that needs no WAL, and is on the disk when this resolves.
 *
 * SQLite's online backup, of a snapshot that one read transaction holds from beginning to end; without
 * that it would begin anew with every commit. So no lock is in the writer's way. While it lasts the
 * WAL cannot start over, and grows by what is written meanwhile.
 *
 * `VACUUM INTO` would do the same in one statement. This goes in steps, each synced, so that there is
 * never much for a commit's own sync to wait for, and with a rest as long as the step before it: at
 * most half of the disk's time, and less of a disk that others keep busy.
 *
 * @throws SQLiteError, or an error with `errcode`, SQLite's number of it, or with the system's `code`.
 */
export async function copyDatabase(
  source: string,
  target: string,
  { rest, isStill }: CopyOptions,
): Promise<void> {
  const file = openSync(target, "r+");
  try {
    const from = openSource(source, isStill);
    try {
      from.exec("PRAGMA wal_autocheckpoint = 0");
      from.exec("BEGIN");
      // The first read takes the snapshot.
      from.prepare("SELECT count(*) FROM sqlite_schema").get();
      let beganMs = performance.now();
      await backup(from, target, {
        rate: PAGES_AT_ONCE,
        progress() {
          fdatasyncSync(file);
          rest(Math.min(LONGEST_REST_MS, performance.now() - beganMs));
          beganMs = performance.now();
        },
      });
    } finally {
      from.close();
    }
    const copy = new Database(target, { readwrite: true, strict: true });
    try {
      copy.run("PRAGMA journal_mode = DELETE");
    } finally {
      copy.close();
    }
    fdatasyncSync(file);
  } finally {
    // Not before: a process that closes a file loses its locks on it.
    closeSync(file);
  }
}

function openSource(source: string, isStill: boolean): DatabaseSync {
  if (!isStill) return new DatabaseSync(source, { timeout: BUSY_TIMEOUT_MS });
  // With a WAL, its pages count; who only reads leaves them where they are.
  if (existsSync(`${source}-wal`)) return new DatabaseSync(source, { readOnly: true });
  const url = new URL(pathToFileURL(resolve(source)));
  url.search = "immutable=1";
  return new DatabaseSync(url, { readOnly: true });
}
