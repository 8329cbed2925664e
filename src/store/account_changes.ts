import type { Database } from "bun:sqlite";
import type { Role } from "./accounts.ts";
import type { sessionJobs } from "./sign_ins.ts";

type SessionWrites = Pick<
  ReturnType<typeof sessionJobs>,
  "beginFamily" | "hasSession" | "endAllSessions" | "endOtherSessions"
>;

/** A change of password, carried out only while `currentHash` is still the account's. */
export interface PasswordChange {
  readonly accountId: number;
  readonly currentHash: string;
  readonly newHash: string;
  /** The session that makes the change and goes on. */
  readonly keptSessionId: string;
  readonly nowMs: number;
}

/** What is left after a change of password: one session, with nothing of what it had before. */
export interface ChangedPassword {
  readonly epoch: number;
  readonly refreshToken: string;
  /** The ids of the other sessions. */
  readonly ended: readonly string[];
}

/**
 * The writes of accounts that their open connections have to hear of. Each gives the account the
 * next revision, by which account_watch.ts finds it, whichever process wrote it.
 */
export function accountChangeJobs(db: Database, sessions: SessionWrites) {
  const touch = db.prepare<unknown, [number]>(
    `UPDATE account SET revision =
       (SELECT coalesce(max(revision), 0) + 1 FROM account WHERE revision > 0)
     WHERE id = ?`,
  );
  const raiseEpoch = db.prepare<{ epoch: number }, [number]>(
    "UPDATE account SET epoch = epoch + 1 WHERE id = ? RETURNING epoch",
  );
  const replaceHash = db.prepare<unknown, [string, number, string]>(
    `UPDATE account SET password_hash = ?
     WHERE id = ? AND password_hash = ? AND disabled_ms IS NULL`,
  );
  const rehash = db.prepare<unknown, [string, number, string]>(
    "UPDATE account SET password_hash = ? WHERE id = ? AND password_hash = ?",
  );
  const setHash = db.prepare<unknown, [string, number]>(
    "UPDATE account SET password_hash = ? WHERE id = ?",
  );
  const setRole = db.prepare<unknown, [Role, number]>("UPDATE account SET role = ? WHERE id = ?");
  const disable = db.prepare<unknown, [number, number]>(
    "UPDATE account SET disabled_ms = ? WHERE id = ? AND disabled_ms IS NULL",
  );
  const enable = db.prepare<unknown, [number]>(
    "UPDATE account SET disabled_ms = NULL WHERE id = ? AND disabled_ms IS NOT NULL",
  );
  const sessionsOf = db.prepare<{ id: string }, [number]>(
    "SELECT id FROM session WHERE account_id = ?",
  );

  /** Makes all access tokens of the account void. */
  function voidTokens(accountId: number): number {
    touch.run(accountId);
    return raiseEpoch.get(accountId)?.epoch ?? 0;
  }

  return {
    /**
     * Changes the password and ends the account's other sessions. Of the one that goes on, all
     * tokens become void: who has stolen one is out, too. The hash is compared because another
     * change may have been made while this one's passwords were hashed.
     */
    changePassword(change: PasswordChange): ChangedPassword | "changed meanwhile" {
      const { accountId, currentHash, newHash, keptSessionId, nowMs } = change;
      if (
        !sessions.hasSession(keptSessionId, accountId) ||
        replaceHash.run(newHash, accountId, currentHash).changes === 0
      ) {
        return "changed meanwhile";
      }
      const ended = sessions.endOtherSessions(accountId, keptSessionId);
      const refreshToken = sessions.beginFamily(keptSessionId, nowMs);
      return { epoch: voidTokens(accountId), refreshToken, ended };
    },

    /**
     * Puts another hash of the same password in the place of one, which nobody has to hear of;
     * returns false where that is not the account's hash any more.
     */
    replaceHash(accountId: number, currentHash: string, newHash: string): boolean {
      return rehash.run(newHash, accountId, currentHash).changes > 0;
    },

    /** Sets a password without asking for the present one, and ends all sessions; returns their
     * ids. Undefined where there is no such account. */
    setPassword(accountId: number, passwordHash: string): readonly string[] | undefined {
      if (setHash.run(passwordHash, accountId).changes === 0) return undefined;
      voidTokens(accountId);
      return sessions.endAllSessions(accountId);
    },

    /**
     * Lets nobody use the account any more; returns the ids of its sessions. They are kept, dead,
     * until it is enabled or they expire, so that their refresh tokens can be told why they are
     * refused. Undefined where there is no such account, or it is disabled already.
     */
    disableAccount(accountId: number, nowMs: number): readonly string[] | undefined {
      if (disable.run(nowMs, accountId).changes === 0) return undefined;
      voidTokens(accountId);
      return sessionsOf.all(accountId).map(({ id }) => id);
    },

    /** Lets the account be used again. What was signed in before stays out. Returns false where
     * there is no such account, or it is not disabled. */
    enableAccount(accountId: number): boolean {
      if (enable.run(accountId).changes === 0) return false;
      sessions.endAllSessions(accountId);
      touch.run(accountId);
      return true;
    },

    /** Returns false where there is no such account. */
    setRole(accountId: number, role: Role): boolean {
      touch.run(accountId);
      return setRole.run(role, accountId).changes > 0;
    },
  };
}
