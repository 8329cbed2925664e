import { appendFileSync, cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

/** The program's command for these arguments. */
export type Program = (...args: readonly string[]) => string[];

/**
 * The next version of the program: these sources, in a folder of their own, with one more change of the schema.
 *
 * @param change the SQL of it.
 */
export function nextVersion(folder: string, change: string): Program {
  mkdirSync(folder);
  for (const name of ["src", "proto", "package.json", "tsconfig.json"]) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  appendFileSync(
    join(folder, "src/store/schema.ts"),
    `(migrations as string[]).push(${JSON.stringify(change)});\n`,
  );
  return (...args) => [process.execPath, join(folder, "src/main.ts"), ...args];
}
