import type { Database } from "bun:sqlite";

/** Wrong codes in a row that cost nothing but the try: fingers slip, and clocks do. */
const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 60 * 60 * 1000;
/** NIST SP 800-63B-4, section 3.2.2: no more than 100 in a row on one authenticator. */
export const MOST_FAILURES = 100;

/** Whether another code may be looked at. */
export type AttemptResult =
  | { readonly outcome: "allowed"; readonly failures: number }
  | { readonly outcome: "wait"; readonly waitMs: number }
  | { readonly outcome: "locked" }
  | { readonly outcome: "gone" };

/**
 * Bounds the guessing of one-time codes. It belongs to the factor and stands in the file, so neither
 * a new challenge nor a restart begins it anew; and it is about one-time codes alone, so whoever
 * makes it wait keeps nobody from the recovery codes and passkeys.
 */
export function totpAttemptJobs(db: Database) {
  const find = db.prepare<{ failures: number; triedMs: number }, [string]>(
    "SELECT failures, tried_ms AS triedMs FROM totp_factor WHERE id = ?",
  );
  const count = db.prepare<unknown, [number, string]>(
    "UPDATE totp_factor SET failures = failures + 1, tried_ms = ? WHERE id = ?",
  );
  return {
    /**
     * Takes leave to look at one more code. It counts as a wrong one until it is used, so that many
     * at once are no way around the limit.
     */
    attemptTotp(id: string, nowMs: number): AttemptResult {
      const row = find.get(id);
      if (row === null) return { outcome: "gone" };
      if (row.failures >= MOST_FAILURES) return { outcome: "locked" };
      const waitMs = row.triedMs + waitAfter(row.failures) - nowMs;
      if (waitMs > 0) return { outcome: "wait", waitMs };
      count.run(nowMs, id);
      return { outcome: "allowed", failures: row.failures + 1 };
    },
  };
}

/** How long after that many wrong codes in a row the next one is looked at. */
function waitAfter(failures: number): number {
  if (failures < FREE_FAILURES) return 0;
  return Math.min(FIRST_WAIT_MS * 2 ** (failures - FREE_FAILURES), LONGEST_WAIT_MS);
}
