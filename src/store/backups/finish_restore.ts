import { existsSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { dirname } from "node:path";
import { syncToDisk } from "./draft_files.ts";
import { stampOf } from "./names.ts";

/** What a restored database is called until it takes its place. While it is there, it is complete. */
export function restoredName(path: string): string {
  return `${path}.restored`;
}

/** What a database is kept as that was replaced by one of that time. */
function keptName(path: string, timeMs: number): string {
  return `${path}.replaced-${stampOf(timeMs)}`;
}

/**
 * Gives a database that is about to be restored a time of its own, in the middle of a second: what it replaces is
 * named by that, and must not get the name of what an earlier restore has kept, be it of the same second or of
 * a clock that was ahead.
 */
export function giveOwnTime(restored: string, path: string): void {
  let second = Math.floor(statSync(restored).mtimeMs / 1000);
  const isTaken = () => {
    const kept = keptName(path, second * 1000);
    return existsSync(kept) || existsSync(`${kept}-wal`);
  };
  while (isTaken()) second += 1;
  utimesSync(restored, second + 0.5, second + 0.5);
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
  const kept = keptName(path, made.mtimeMs);
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
