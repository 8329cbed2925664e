import type { Database } from "bun:sqlite";
import type { Account } from "./accounts.ts";

/** Retired tokens remembered per session: theft is noticed as far back as this. */
export const RETIRED_TOKENS_PER_SESSION = 20;

export interface Rotation {
  /** SHA-256 of the token that was presented. */
  readonly hash: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the token that follows it. */
  readonly nextHash: Uint8Array<ArrayBuffer>;
  readonly nowMs: number;
  /** Until when the session lives if the token is good. */
  readonly expiresMs: number;
}

/** What became of a refresh token that was presented. */
export type RotationResult =
  /** It was good: the next token is issued. */
  | { readonly outcome: "rotated"; readonly sessionId: string; readonly account: Account }
  /** It had been replaced and its replacement used: it was stolen, or its successor was. */
  | { readonly outcome: "stolen"; readonly sessionId: string; readonly account: Account }
  | { readonly outcome: "expired"; readonly sessionId: string }
  | { readonly outcome: "unknown" };

interface TokenRow extends Account {
  readonly state: "issued" | "current" | "retired";
  readonly session_id: string;
  readonly expires_ms: number;
}

/**
 * The writes of refresh tokens. A session has at most one `current` token and one `issued`
 * successor, so that a lost answer logs nobody out: until the successor is used, the current token
 * may be presented again, and gets another successor in the place of the first.
 */
export function refreshTokenJobs(db: Database) {
  const find = db.prepare<TokenRow, [Uint8Array<ArrayBuffer>]>(
    `SELECT t.state, t.session_id, s.expires_ms, a.id, a.name, a.role
     FROM refresh_token t
     JOIN session s ON s.id = t.session_id
     JOIN account a ON a.id = s.account_id
     WHERE t.hash = ?`,
  );
  const insert = db.prepare<
    unknown,
    [Uint8Array<ArrayBuffer>, string, "issued" | "current", number]
  >("INSERT INTO refresh_token (hash, session_id, state, created_ms) VALUES (?, ?, ?, ?)");
  const dropSuccessor = db.prepare<unknown, [string]>(
    "DELETE FROM refresh_token WHERE session_id = ? AND state = 'issued'",
  );
  const retireCurrent = db.prepare<unknown, [string]>(
    "UPDATE refresh_token SET state = 'retired' WHERE session_id = ? AND state = 'current'",
  );
  const makeCurrent = db.prepare<unknown, [Uint8Array<ArrayBuffer>]>(
    "UPDATE refresh_token SET state = 'current' WHERE hash = ?",
  );
  const forgetOldest = db.prepare<unknown, [string, number]>(
    `DELETE FROM refresh_token WHERE hash IN (
       SELECT hash FROM refresh_token WHERE session_id = ? AND state = 'retired'
       ORDER BY created_ms DESC LIMIT -1 OFFSET ?
     )`,
  );
  const prolong = db.prepare<unknown, [number, number, string]>(
    "UPDATE session SET used_ms = ?, expires_ms = ? WHERE id = ?",
  );
  const endSession = db.prepare<unknown, [string]>("DELETE FROM session WHERE id = ?");

  return {
    addFirst(sessionId: string, hash: Uint8Array<ArrayBuffer>, nowMs: number): void {
      insert.run(hash, sessionId, "current", nowMs);
    },

    /** Judges a refresh token and puts the next one in its place. Ends the session it finds
     * expired, or whose token was stolen. */
    rotateRefreshToken({ hash, nextHash, nowMs, expiresMs }: Rotation): RotationResult {
      const row = find.get(hash);
      if (row === null) return { outcome: "unknown" };
      const sessionId = row.session_id;
      const account = { id: row.id, name: row.name, role: row.role };
      if (row.expires_ms <= nowMs) {
        endSession.run(sessionId);
        return { outcome: "expired", sessionId };
      }
      if (row.state === "retired") {
        endSession.run(sessionId);
        return { outcome: "stolen", sessionId, account };
      }
      if (row.state === "issued") {
        retireCurrent.run(sessionId);
        makeCurrent.run(hash);
        forgetOldest.run(sessionId, RETIRED_TOKENS_PER_SESSION);
      } else {
        dropSuccessor.run(sessionId);
      }
      insert.run(nextHash, sessionId, "issued", nowMs);
      prolong.run(nowMs, expiresMs, sessionId);
      return { outcome: "rotated", sessionId, account };
    },
  };
}
