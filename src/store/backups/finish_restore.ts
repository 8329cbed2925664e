import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { syncToDisk } from "./draft_files.ts";
import { stampOf } from "./names.ts";

/** What a restored database is called until it takes its place. While it is there, it is complete. */
export function restoredName(path: string): string {
  return `${path}.restored`;
}

/**
 * Moves a restored database into its place, and the one that is there out of it: from the beginning, or
 * from wherever this was cut off. Only for who has the lock.
 *
 * @returns where the database that was there is kept; undefined where there was none, or nothing to do.
 */
export function finishRestore(path: string): string | undefined {
  const restored = restoredName(path);
  const made = statSync(restored, { throwIfNoEntry: false });
  if (made === undefined) return undefined;
  // The same name however often this is cut off.
  const kept = `${path}.replaced-${stampOf(made.mtimeMs)}`;
  // A WAL that stayed would be taken for the new database's own.
  for (const suffix of ["", "-wal"]) {
    const size = statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0;
    if (size > 0) renameSync(path + suffix, kept + suffix);
  }
  for (const suffix of ["-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
  syncToDisk(dirname(path));
  renameSync(restored, path);
  syncToDisk(dirname(path));
  return existsSync(kept) ? kept : undefined;
}
