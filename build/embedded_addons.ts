import { dlopen } from "bun:ffi";
import { readFileSync, writeSync } from "node:fs";
import { basename } from "node:path";

/** Closed when another program takes this process's place: memfd_create(2). */
const MFD_CLOEXEC = 1;

/**
 * Loads a native addon that is embedded in the program, without a file on disk: from memory that is
 * a file, whose name is then among those that the process has mapped. Bun itself would write it into
 * the folder for temporary files first, which a read-only system has not, or from which nothing may
 * be run. That way remains for where the system gives no such memory.
 *
 * @param path of the embedded file.
 */
export function loadAddon(path: string): unknown {
  const module: { exports: unknown } = { exports: {} };
  process.dlopen(module, inMemory(path) ?? path);
  return module.exports;
}

/** The file's copy in memory, as a path; undefined where there is no such thing. */
function inMemory(path: string): string | undefined {
  try {
    const call = { args: ["cstring", "u32"], returns: "i32" } as const;
    const libc = dlopen("libc.so.6", { memfd_create: call });
    const file = libc.symbols.memfd_create(Buffer.from(`${basename(path)}\0`), MFD_CLOEXEC);
    libc.close();
    if (file < 0) return undefined;
    const bytes = readFileSync(path);
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    // It stays open: the addon is never unloaded.
    return `/proc/self/fd/${file}`;
  } catch {
    return undefined;
  }
}
