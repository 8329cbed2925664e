import { join } from "node:path";

/** Where the files of a program are that `bun build --compile` made. */
const COMPILED_FOLDER = "/$bunfs/";

/** The command that runs this program again, as a source or as the single file that it was made into. */
export function ownCommand(): readonly string[] {
  if (import.meta.dir.startsWith(COMPILED_FOLDER)) return [process.execPath];
  return [process.execPath, join(import.meta.dir, "../main.ts")];
}
