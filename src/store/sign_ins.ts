import type { Database } from "bun:sqlite";
import { refreshTokenJobs } from "./refresh_tokens.ts";

/** Sign-ins of one account that may live at once; one more ends the one unused for longest. */
export const SESSIONS_PER_ACCOUNT = 100;

/** Expired sessions deleted in one job, so that no batch of messages waits long behind it. */
export const EXPIRED_SESSIONS_PER_JOB = 500;

export interface NewSession {
  readonly id: string;
  readonly accountId: number;
  /** The hash that the password was checked against. */
  readonly passwordHash: string;
  /** The account's at that time. */
  readonly epoch: number;
  /** What the user knows the device by. */
  readonly label: string;
  readonly nowMs: number;
  readonly expiresMs: number;
}

/** A session that has begun. */
export interface BegunSession {
  /** Its first. */
  readonly refreshToken: string;
  /** The ids of sessions that had to end for it. */
  readonly ended: readonly string[];
}

interface Standing {
  readonly epoch: number;
  readonly disabled_ms: number | null;
}

/** The writes of sign-ins. They run on the writer thread: see jobs.ts. */
export function sessionJobs(db: Database) {
  const tokens = refreshTokenJobs(db);
  const accountWith = db.prepare<Standing, [number, string]>(
    "SELECT epoch, disabled_ms FROM account WHERE id = ? AND password_hash = ?",
  );
  const endOldest = db.prepare<{ id: string }, [number, number]>(
    `DELETE FROM session WHERE id IN (
       SELECT id FROM session WHERE account_id = ? ORDER BY used_ms DESC, id LIMIT -1 OFFSET ?
     ) RETURNING id`,
  );
  const insert = db.prepare<unknown, [string, number, string, number, number, number]>(
    `INSERT INTO session (id, account_id, label, created_ms, used_ms, expires_ms)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const prolong = db.prepare<unknown, [number, number, string]>(
    "UPDATE session SET used_ms = ?, expires_ms = ? WHERE id = ?",
  );
  const end = db.prepare<unknown, [string, number]>(
    "DELETE FROM session WHERE id = ? AND account_id = ?",
  );
  const exists = db.prepare<unknown, [string, number]>(
    `SELECT 1 FROM session JOIN account ON account.id = account_id
     WHERE session.id = ? AND account_id = ? AND disabled_ms IS NULL`,
  );
  const endAll = db.prepare<{ id: string }, [number]>(
    "DELETE FROM session WHERE account_id = ? RETURNING id",
  );
  const endOthers = db.prepare<{ id: string }, [number, string]>(
    "DELETE FROM session WHERE account_id = ? AND id <> ? RETURNING id",
  );
  const endExpired = db.prepare<{ id: string }, [number, number]>(
    `DELETE FROM session WHERE id IN (
       SELECT id FROM session WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?
     ) RETURNING id`,
  );

  return {
    ...tokens,

    /**
     * Why no session may begin, if none may. The password's hash and the epoch are compared because
     * the password may have been changed, or the account disabled and enabled, while this sign-in was
     * being checked: a session begun then would outlive what was meant to end it.
     */
    obstacleTo(session: NewSession): "account changed" | "account disabled" | undefined {
      const account = accountWith.get(session.accountId, session.passwordHash);
      if (account === null) return "account changed";
      if (account.disabled_ms !== null) return "account disabled";
      return account.epoch === session.epoch ? undefined : "account changed";
    },

    /** Begins a session to which there is no obstacle. */
    createSession(session: NewSession): BegunSession {
      const { id, accountId, label, nowMs, expiresMs } = session;
      const ended = endOldest.all(accountId, SESSIONS_PER_ACCOUNT - 1);
      insert.run(id, accountId, label, nowMs, nowMs, expiresMs);
      const refreshToken = tokens.beginFamily(id, nowMs);
      return { refreshToken, ended: idsOf(ended) };
    },

    /** Notes that sessions are in use; those that have ended are passed over. */
    prolongSessions(ids: readonly string[], nowMs: number, expiresMs: number): void {
      for (const id of ids) prolong.run(nowMs, expiresMs, id);
    },

    /** Returns false where the account has no such session. */
    endSession(sessionId: string, accountId: number): boolean {
      return end.run(sessionId, accountId).changes > 0;
    },

    /** Whether the account has that session and may be used. */
    hasSession(sessionId: string, accountId: number): boolean {
      return exists.get(sessionId, accountId) !== null;
    },

    /** Ends every session of the account; returns their ids. */
    endAllSessions(accountId: number): readonly string[] {
      return idsOf(endAll.all(accountId));
    },

    /** Ends every session of the account but one; returns the ids of those that ended. */
    endOtherSessions(accountId: number, keptSessionId: string): readonly string[] {
      return idsOf(endOthers.all(accountId, keptSessionId));
    },

    /**
     * Deletes sessions that have expired, the oldest first; returns their ids. There may be more
     * where it returns `EXPIRED_SESSIONS_PER_JOB` of them.
     */
    deleteExpiredSessions(nowMs: number): readonly string[] {
      return idsOf(endExpired.all(nowMs, EXPIRED_SESSIONS_PER_JOB));
    },
  };
}

function idsOf(rows: readonly { id: string }[]): readonly string[] {
  return rows.map((row) => row.id);
}
