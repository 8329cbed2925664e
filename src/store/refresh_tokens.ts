import type { Database } from "bun:sqlite";
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Account } from "./accounts.ts";

/**
 * Refresh tokens. Those of a session are a *family*, of which two generations are good:
 *
 *     current    the one that was used last, or the very first: one
 *     issued     what the current one was exchanged for, none of it used yet: up to 16
 *     retired    all others that the family ever had
 *
 *     using the current one    issues another successor; nothing else changes
 *     using an issued one      makes it current; the one before and its siblings are retired
 *     using a retired one      ends the session and closes its sockets: somebody copied a token
 *
 * What that tolerates, for any length of time, since no clock is asked: an answer that was lost,
 * for then no successor was used and the current one may be shown again; tabs that refresh at once,
 * for whichever answer their common storage holds in the end is an unused successor of the same
 * token. What it does not tolerate: two holders who go on from there each with a successor of
 * their own. Holders with one storage cannot do that. A thief, who has a storage of his own, cannot
 * avoid it: every use issues a token of its own, so from the theft on he and the owner never get the
 * same one, and the second of them to use what he got since has a retired one. A thief who only
 * repeats the current token is cut off when the owner uses a successor of it. So the two cannot both
 * go on, whoever comes first; `test/auth/refresh_model.test.ts` plays it through.
 *
 * A retired token need not be kept to be known, however old: a token is
 *
 *     <session id>.<32 random bytes>.<16 bytes of HMAC-SHA256 over the random ones>
 *
 * in base64url, under a key of the session. So a thief cannot push the theft out of memory by
 * refreshing often, and nobody can end a session whose id he knows by making up a token. What is
 * good is told by SHA-256 of the whole; a copy of the file gives no token.
 *
 * Files of before that have tokens that do not tell their session. Those are good as ever, their
 * successors are of the new kind, and what had been retired by then is still kept and known.
 */
const SUCCESSORS_AT_ONCE = 16;

const RANDOM_BYTES = 32;
const KEY_BYTES = 32;
const MAC_BYTES = 16;
const TOKEN_PATTERN = /^([\w-]{1,64})\.([\w-]{43})\.([\w-]{22})$/;

export interface Rotation {
  readonly token: string;
  readonly nowMs: number;
  /** Until when the session lives if the token is good. */
  readonly expiresMs: number;
}

/** What became of a refresh token that was presented. */
export type RotationResult =
  /** It was good; here is the next one. */
  | {
      readonly outcome: "rotated";
      readonly sessionId: string;
      readonly account: Account;
      readonly epoch: number;
      readonly token: string;
    }
  /** It was retired: it had been stolen, or a successor of it was. */
  | { readonly outcome: "stolen"; readonly sessionId: string; readonly account: Account }
  | { readonly outcome: "expired"; readonly sessionId: string }
  | { readonly outcome: "disabled" }
  | { readonly outcome: "unknown" };

interface FamilyRow extends Account {
  readonly session_id: string;
  readonly family_key: Uint8Array | null;
  readonly expires_ms: number;
  readonly epoch: number;
  readonly disabled_ms: number | null;
}

interface TokenRow extends FamilyRow {
  readonly state: "issued" | "current" | "retired";
}

type Bytes = Uint8Array<ArrayBuffer>;

const FAMILY = `s.id AS session_id, s.family_key, s.expires_ms,
  a.id, a.name, a.role, a.epoch, a.disabled_ms`;

/** The writes of refresh tokens. */
export function refreshTokenJobs(db: Database) {
  const findToken = db.prepare<TokenRow, [Bytes]>(
    `SELECT t.state, ${FAMILY} FROM refresh_token t
     JOIN session s ON s.id = t.session_id JOIN account a ON a.id = s.account_id
     WHERE t.hash = ?`,
  );
  const findFamily = db.prepare<FamilyRow, [string]>(
    `SELECT ${FAMILY} FROM session s JOIN account a ON a.id = s.account_id WHERE s.id = ?`,
  );
  const setKey = db.prepare<unknown, [Bytes, string]>(
    "UPDATE session SET family_key = ? WHERE id = ?",
  );
  const insert = db.prepare<unknown, [Bytes, string, "issued" | "current", number]>(
    "INSERT INTO refresh_token (hash, session_id, state, created_ms) VALUES (?, ?, ?, ?)",
  );
  const retireAll = db.prepare<unknown, [string]>("DELETE FROM refresh_token WHERE session_id = ?");
  const retireOthers = db.prepare<unknown, [string, Bytes]>(
    "DELETE FROM refresh_token WHERE session_id = ? AND hash <> ? AND state <> 'retired'",
  );
  const retireOldest = db.prepare<unknown, [string, number]>(
    `DELETE FROM refresh_token WHERE hash IN (
       SELECT hash FROM refresh_token WHERE session_id = ? AND state = 'issued'
       ORDER BY created_ms DESC LIMIT -1 OFFSET ?
     )`,
  );
  const makeCurrent = db.prepare<unknown, [Bytes]>(
    "UPDATE refresh_token SET state = 'current' WHERE hash = ?",
  );
  const prolong = db.prepare<unknown, [number, number, string]>(
    "UPDATE session SET used_ms = ?, expires_ms = ? WHERE id = ?",
  );
  const endSession = db.prepare<unknown, [string]>("DELETE FROM session WHERE id = ?");

  function issue(sessionId: string, key: Uint8Array, state: "issued" | "current", nowMs: number) {
    const random = randomBytes(RANDOM_BYTES).toString("base64url");
    const token = `${sessionId}.${random}.${macOf(key, random)}`;
    insert.run(hashOf(token), sessionId, state, nowMs);
    return token;
  }

  function renewKey(sessionId: string): Bytes {
    const key = new Uint8Array(randomBytes(KEY_BYTES));
    setKey.run(key, sessionId);
    return key;
  }

  /** The session that the token is or was of, where the token is no longer kept. */
  function familyOf(token: string): FamilyRow | null {
    const [, sessionId, random, mac] = TOKEN_PATTERN.exec(token) ?? [];
    if (sessionId === undefined || random === undefined || mac === undefined) return null;
    const family = findFamily.get(sessionId);
    if (family === null || family.family_key === null) return null;
    const wanted = Buffer.from(macOf(family.family_key, random));
    return timingSafeEqual(wanted, Buffer.from(mac)) ? family : null;
  }

  return {
    /** Begins the session's family, in place of the one it may have had; returns its first token. */
    beginFamily(sessionId: string, nowMs: number): string {
      retireAll.run(sessionId);
      return issue(sessionId, renewKey(sessionId), "current", nowMs);
    },

    /** Judges a refresh token and issues the next. Ends the session where it has expired, or the
     * token was stolen. */
    rotateRefreshToken({ token, nowMs, expiresMs }: Rotation): RotationResult {
      const hash = hashOf(token);
      const kept = findToken.get(hash);
      const row = kept ?? familyOf(token);
      if (row === null) return { outcome: "unknown" };
      if (row.disabled_ms !== null) return { outcome: "disabled" };
      const { session_id: sessionId, epoch } = row;
      const account = { id: row.id, name: row.name, role: row.role };
      if (row.expires_ms <= nowMs) {
        endSession.run(sessionId);
        return { outcome: "expired", sessionId };
      }
      if (kept === null || kept.state === "retired") {
        endSession.run(sessionId);
        return { outcome: "stolen", sessionId, account };
      }
      if (kept.state === "issued") {
        retireOthers.run(sessionId, hash);
        makeCurrent.run(hash);
      } else {
        retireOldest.run(sessionId, SUCCESSORS_AT_ONCE - 1);
      }
      prolong.run(nowMs, expiresMs, sessionId);
      const next = issue(sessionId, row.family_key ?? renewKey(sessionId), "issued", nowMs);
      return { outcome: "rotated", sessionId, account, epoch, token: next };
    },

    /** Ends the session that the token is or was of; returns its id, if it was there. */
    endSessionOfToken(token: string): string | undefined {
      const row = findToken.get(hashOf(token)) ?? familyOf(token);
      if (row === null) return undefined;
      endSession.run(row.session_id);
      return row.session_id;
    },
  };
}

function macOf(key: Uint8Array, random: string): string {
  const mac = createHmac("sha256", key).update(random).digest();
  return mac.subarray(0, MAC_BYTES).toString("base64url");
}

/** Plain SHA-256 will do: a token is random, so there is nothing to guess it by. */
function hashOf(token: string): Bytes {
  return new Uint8Array(createHash("sha256").update(token).digest());
}
