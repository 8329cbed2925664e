import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** With less than that SQLite gets no room for the files that it keeps beside the database. */
const LEAST_BYTES = 64 * 1024;

/**
 * Why SQLite could not use a file, in words for the operator, without a full stop. SQLite's own say "disk
 * I/O error" of most of it.
 *
 * @param code SQLite's name of the error, such as `SQLITE_FULL`.
 * @param found SQLite's own words, which are given where there are no better ones.
 */
export function reasonOfRefusal(path: string, code: string, found: string): string {
  return `${knownReason(path, code) ?? found} (${code || "no code"})`;
}

function knownReason(path: string, code: string): string | undefined {
  if (/^SQLITE_BUSY/.test(code)) return "another program keeps it locked; try again";
  if (!/^SQLITE_(FULL|IOERR|CANTOPEN|READONLY)/.test(code)) return undefined;
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return "it is a folder";
    const { bavail, bsize } = statfsSync(dirname(path));
    if (bavail * bsize < LEAST_BYTES) return "there is no room on its disk; make some";
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch {
    return "this user may not read and write it and its folder";
  }
  return undefined;
}
