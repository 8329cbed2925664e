import { join, resolve } from "node:path";

/**
 * The command that runs `hubbub`: from the sources, or a compiled program that `TESTED_PROGRAM`
 * names.
 */
export function serverProgram(): readonly string[] {
  const { TESTED_PROGRAM } = process.env;
  if (TESTED_PROGRAM !== undefined) return [resolve(TESTED_PROGRAM)];
  return [process.execPath, join(import.meta.dir, "../src/main.ts")];
}
