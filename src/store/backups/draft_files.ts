import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

/*
 * A draft is a file that is not finished, named after what it becomes and the process that writes it:
 * `backup.db.4711.part`. Whoever is killed leaves one behind; the next who writes beside it removes it.
 */

/** The draft of a file that this process writes. */
export function draftOf(path: string): string {
  return `${path}.${process.pid}.part`;
}

/** Makes an empty draft for its owner's eyes only, and removes those of processes that are gone. */
export function beginDraft(path: string): string {
  removeDrafts(dirname(path), (name) => name === basename(path));
  const draft = draftOf(path);
  closeSync(openSync(draft, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600));
  return draft;
}

/**
 * Writes a draft to the disk and gives it its name, unless something has that: then it returns false. The name of
 * the draft may remain, and is the caller's to remove.
 */
export function finishDraft(draft: string, file: string): boolean {
  syncToDisk(draft);
  try {
    linkSync(draft, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Else it is a file system without links.
    if (code === "EEXIST" || existsSync(file)) return false;
    renameSync(draft, file);
  }
  syncToDisk(dirname(file));
  return true;
}

/** Removes a draft, and what SQLite keeps beside it while it is written. */
export function removeDraft(draft: string): void {
  for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(draft + suffix, { force: true });
}

/**
 * Removes the drafts in a folder whose processes are gone.
 *
 * @param isOurs whether the name of a finished file is one whose drafts are to go.
 */
export function removeDrafts(folder: string, isOurs: (name: string) => boolean): void {
  for (const name of readdirSync(folder)) {
    const [, finished = "", pid] = /^(.+)\.(\d+)\.part$/.exec(name) ?? [];
    if (pid === undefined || !isOurs(finished)) continue;
    // One of this process's own id was left by another of that id: this one has not begun yet.
    if (Number(pid) === process.pid || !isRunning(Number(pid))) removeDraft(join(folder, name));
  }
}

/** Writes to the disk what a file, or the names in a folder, hold. */
export function syncToDisk(path: string): void {
  if (process.platform === "win32") return;
  const file = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
