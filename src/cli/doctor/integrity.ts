import { SQLiteError } from "bun:sqlite";
import { statSync } from "node:fs";
import { checkInStretches, checkNumbers } from "../../store/stretches.ts";
import type { Untouched } from "../../store/untouched.ts";
import { type Finding, fail, megabytes, ok } from "./finding.ts";
import type { Progress } from "./progress.ts";
import { troubleFinding } from "./trouble.ts";

/** From here on it takes long enough for somebody to wonder. */
const LARGE_BYTES = 200_000_000;

/**
 * Whether the database is whole. Where nobody has it open, SQLite checks it in one go. Where somebody may write to it,
 * one long read would keep the WAL from starting over, so it is checked in stretches.
 */
export async function integrityFinding(
  db: Untouched,
  isFull: boolean,
  progressOf: (what: string) => Progress,
): Promise<Finding> {
  const began = performance.now();
  const { size } = statSync(db.path);
  const progress = progressOf(`checking ${megabytes(size)}`);
  try {
    const options = {
      isFull,
      progress: progress.show,
      rest: (ms: number) => (db.isShared ? Bun.sleep(Math.max(1, ms)) : Promise.resolve()),
    };
    if (!db.isShared && size > LARGE_BYTES) progress.note("in one go; that takes a while");
    const damage = db.isShared
      ? await checkInStretches(db, options)
      : (checkInOneGo(db, size, isFull) ?? (await checkNumbers(db, options)));
    if (damage !== undefined) {
      const text = `It is damaged: ${damage.replaceAll(/\s+/g, " ")}.`;
      return fail("database", text, "Restore a backup: see docs/OPERATIONS.md.");
    }
    const how = `${db.isShared ? "in stretches, beside the server" : "in one go"}${isFull ? ", indexes with tables" : ""}`;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    return ok("database", `It is whole: ${megabytes(size)} checked ${how}, in ${seconds} s.`);
  } catch (error) {
    if (!(error instanceof SQLiteError)) throw error;
    return troubleFinding(db.path, error);
  } finally {
    progress.end();
  }
}

function checkInOneGo(db: Untouched, size: number, isFull: boolean): string | undefined {
  const pragma = isFull ? "integrity_check" : "quick_check";
  const found = Object.values(db.get<object>(`PRAGMA ${pragma}(1)`) ?? {})[0];
  if (found !== "ok") return String(found);
  // SQLite reads a file whose end was cut off as long as nothing of that end is asked for.
  const pages = db.number("PRAGMA page_count") * db.number("PRAGMA page_size");
  return size < pages ? "its end is missing" : undefined;
}
