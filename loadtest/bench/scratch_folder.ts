import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Where results go; git does not look into it. Not /tmp, which is often no disk. */
const out = join(import.meta.dir, "../../out");

/**
 * Runs `work` with the path of a database file that there is not yet, in a folder of its own that is
 * removed afterwards.
 */
export async function withFile<T>(work: (path: string) => Promise<T>): Promise<T> {
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(out, "bench-"));
  try {
    return await work(join(folder, "hubbub.db"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
