import { readFileSync, statSync } from "node:fs";

/** The whole of a small file; empty where there is none, as without /proc, or it may not be read. */
export function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/**
 * The folder in /proc of the process that limits are asked of: of the server that has the database, if it can be
 * found, else of this one. The kernel tells who holds the server's lock on the file beside the database.
 */
export function askedProcess(data: string): {
  readonly folder: string;
  readonly isServer: boolean;
} {
  const stats = statSync(`${data}.lock`, { throwIfNoEntry: false });
  const inode = stats?.ino ?? -1;
  const locks = textOf("/proc/locks").matchAll(/^\d+: POSIX +ADVISORY +WRITE (\d+) \S+:(\d+) /gm);
  const pid = [...locks].find((lock) => Number(lock[2]) === inode)?.[1];
  // Inode numbers are of one disk each: another's file may have the same.
  const isServer = pid !== undefined && /hubbub|bun/.test(textOf(`/proc/${pid}/cmdline`));
  return isServer
    ? { folder: `/proc/${pid}`, isServer }
    : { folder: "/proc/self", isServer: false };
}
