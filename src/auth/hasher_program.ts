import { join } from "node:path";

/** The first argument of a compiled program that is to be the hasher: nobody would type it. */
export const HASHER_ARGUMENT = "hash-passwords-for-parent";

/** The command that starts the process of hash_process.ts; its own arguments follow. */
export function hasherCommand(): readonly string[] {
  const program = Bun.isStandaloneExecutable
    ? HASHER_ARGUMENT
    : join(import.meta.dir, "hash_process.ts");
  return [process.execPath, program];
}
