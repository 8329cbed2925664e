import type { Database } from "bun:sqlite";
import type { BegunSession, NewSession, sessionJobs } from "./sign_ins.ts";

/** Passkeys that one account may have. */
export const PASSKEYS_PER_ACCOUNT = 20;

type Bytes = Uint8Array<ArrayBuffer>;

/** A factor that was checked and is not used up yet. */
export type FactorProof =
  | {
      readonly kind: "totp";
      readonly accountId: number;
      readonly id: string;
      readonly step: number;
    }
  | { readonly kind: "recovery"; readonly accountId: number; readonly hash: Bytes }
  | {
      readonly kind: "passkey";
      readonly accountId: number;
      readonly id: string;
      /** As the authenticator gave it. */
      readonly counter: number;
    };

/** How many recovery codes there are after a proof was used up; "used before" where it was not. */
export type ProofOutcome = { readonly codesLeft: number } | "used before";

/** What became of a sign-in. */
export type SessionResult =
  | { readonly outcome: "begun"; readonly begun: BegunSession; readonly codesLeft: number }
  | {
      readonly outcome:
        | "account changed"
        | "account disabled"
        | "factor used before"
        | "factor missing";
    };

export interface NewTotp {
  readonly id: string;
  readonly accountId: number;
  /** Encrypted. */
  readonly secret: Bytes;
  /** The step of the code that confirmed it. */
  readonly step: number;
}

export interface NewPasskey {
  readonly id: string;
  readonly accountId: number;
  readonly userHandle: Bytes;
  readonly publicKey: Bytes;
  readonly counter: number;
  readonly transports: string;
  readonly name: string;
  readonly isSynced: boolean;
}

/** What comes with each new factor. */
export interface FactorAddition {
  /** Kept only where this is the account's first factor. */
  readonly recoveryHashes: readonly Bytes[];
  /** The session that adds it. */
  readonly keptSessionId: string;
  /** Whether the account had a factor when the addition was begun: then it was confirmed by one. */
  readonly hadFactor: boolean;
  readonly nowMs: number;
}

export type AdditionResult =
  | {
      readonly outcome: "added";
      /** Whether it is the first: then the recovery codes were kept, and the other sessions ended. */
      readonly isFirst: boolean;
      readonly ended: readonly string[];
    }
  | {
      readonly outcome:
        | "exists"
        | "too many"
        /** The session has ended since, or the account was disabled. */
        | "session ended"
        /** The first factor has come since, and nobody has shown it. */
        | "unconfirmed";
    };

/** What these jobs need of the sessions' writes. */
type SessionWrites = Pick<
  ReturnType<typeof sessionJobs>,
  "obstacleTo" | "createSession" | "hasSession" | "endOtherSessions"
>;

/** The writes of second factors. They run on the writer thread: see jobs.ts. */
export function factorJobs(db: Database, sessions: SessionWrites) {
  const insertTotp = db.prepare<unknown, [string, number, Bytes, number, number]>(
    `INSERT INTO totp_factor (id, account_id, secret, last_step, created_ms) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const insertPasskey = db.prepare<
    unknown,
    [string, number, Bytes, Bytes, number, string, string, 0 | 1, number]
  >(
    `INSERT INTO passkey (id, account_id, user_handle, public_key, counter, transports, name,
       is_synced, created_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const insertRecovery = db.prepare<unknown, [number, Bytes]>(
    "INSERT INTO recovery_code (account_id, hash) VALUES (?, ?)",
  );
  const factors = db.prepare<{ totps: number; passkeys: number }, [number, number]>(
    `SELECT (SELECT count(*) FROM totp_factor WHERE account_id = ?) AS totps,
            (SELECT count(*) FROM passkey WHERE account_id = ?) AS passkeys`,
  );
  const recoveryLeft = db.prepare<{ left: number }, [number]>(
    "SELECT count(*) AS left FROM recovery_code WHERE account_id = ?",
  );
  const forgive = db.prepare<unknown, [number]>(
    "UPDATE totp_factor SET failures = 0 WHERE account_id = ?",
  );
  const useTotp = db.prepare<unknown, [number, number, string, number]>(
    "UPDATE totp_factor SET last_step = ?, used_ms = ? WHERE id = ? AND last_step < ?",
  );
  const useRecovery = db.prepare<unknown, [number, Bytes]>(
    "DELETE FROM recovery_code WHERE account_id = ? AND hash = ?",
  );
  // WebAuthn, section 6.1.1: 0 is the counter of an authenticator that does not count.
  const usePasskey = db.prepare<
    unknown,
    { counter: number; nowMs: number; id: string; accountId: number }
  >(
    `UPDATE passkey SET counter = :counter, used_ms = :nowMs
     WHERE id = :id AND account_id = :accountId
       AND (counter < :counter OR (counter = 0 AND :counter = 0))`,
  );
  const rename = db.prepare<unknown, [string, string, number]>(
    "UPDATE passkey SET name = ? WHERE id = ? AND account_id = ?",
  );
  const deleteTotp = db.prepare<unknown, [number]>("DELETE FROM totp_factor WHERE account_id = ?");
  const deletePasskey = db.prepare<unknown, [string, number]>(
    "DELETE FROM passkey WHERE id = ? AND account_id = ?",
  );
  const deletePasskeys = db.prepare<unknown, [number]>("DELETE FROM passkey WHERE account_id = ?");
  const deleteRecovery = db.prepare<unknown, [number]>(
    "DELETE FROM recovery_code WHERE account_id = ?",
  );

  const countOf = (accountId: number) => {
    const row = factors.get(accountId, accountId);
    if (row === null) throw new Error("store/factors: a count had no row");
    return row;
  };
  const hasNone = (accountId: number) => {
    const { totps, passkeys } = countOf(accountId);
    return totps + passkeys === 0;
  };
  const leftOf = (accountId: number) => recoveryLeft.get(accountId)?.left ?? 0;

  /** Recovery codes without a factor would be asked for by nobody. */
  const tidy = (accountId: number) => {
    if (hasNone(accountId)) deleteRecovery.run(accountId);
  };

  const replaceCodes = (accountId: number, hashes: readonly Bytes[]) => {
    deleteRecovery.run(accountId);
    for (const hash of hashes) insertRecovery.run(accountId, hash);
  };

  /** Why a factor is not added, after all. It is long since its addition was begun. */
  const obstacleToAdding = (accountId: number, addition: FactorAddition) => {
    if (!sessions.hasSession(addition.keptSessionId, accountId)) return "session ended";
    return addition.hadFactor || hasNone(accountId) ? undefined : "unconfirmed";
  };

  const added = (accountId: number, wasNone: boolean, addition: FactorAddition): AdditionResult => {
    if (!wasNone) return { outcome: "added", isFirst: false, ended: [] };
    replaceCodes(accountId, addition.recoveryHashes);
    const ended = sessions.endOtherSessions(accountId, addition.keptSessionId);
    return { outcome: "added", isFirst: true, ended };
  };

  const use = (proof: FactorProof, nowMs: number): boolean => {
    switch (proof.kind) {
      case "totp":
        return useTotp.run(proof.step, nowMs, proof.id, proof.step).changes > 0;
      case "recovery":
        return useRecovery.run(proof.accountId, proof.hash).changes > 0;
      case "passkey": {
        const { counter, id, accountId } = proof;
        return usePasskey.run({ counter, nowMs, id, accountId }).changes > 0;
      }
    }
  };

  /**
   * Uses a proof up, once: of two at the same time, one is told "used before". Whoever has proven
   * any factor is the owner, so wrong codes up to then are forgiven.
   */
  const useFactor = (proof: FactorProof, nowMs: number): ProofOutcome => {
    if (!use(proof, nowMs)) return "used before";
    forgive.run(proof.accountId);
    return { codesLeft: leftOf(proof.accountId) };
  };

  return {
    useFactor,

    /**
     * Begins a session, and uses up the proof that it was begun with in the same transaction.
     * Without one, the account must have no factor: one may have been added since the sign-in was
     * checked.
     */
    beginSession(session: NewSession, proof?: FactorProof): SessionResult {
      if (proof === undefined && !hasNone(session.accountId)) return { outcome: "factor missing" };
      // Before the proof, so that a sign-in that cannot be costs nobody a recovery code.
      const obstacle = sessions.obstacleTo(session);
      if (obstacle !== undefined) return { outcome: obstacle };
      const used = proof === undefined ? { codesLeft: 0 } : useFactor(proof, session.nowMs);
      if (used === "used before") return { outcome: "factor used before" };
      return { outcome: "begun", begun: sessions.createSession(session), ...used };
    },

    addTotp(totp: NewTotp, addition: FactorAddition): AdditionResult {
      const { id, accountId, secret, step } = totp;
      if (countOf(accountId).totps > 0) return { outcome: "exists" };
      const obstacle = obstacleToAdding(accountId, addition);
      if (obstacle !== undefined) return { outcome: obstacle };
      const wasNone = hasNone(accountId);
      const { changes } = insertTotp.run(id, accountId, secret, step, addition.nowMs);
      return changes > 0 ? added(accountId, wasNone, addition) : { outcome: "exists" };
    },

    addPasskey(passkey: NewPasskey, addition: FactorAddition): AdditionResult {
      const { id, accountId, userHandle, publicKey, counter, transports, name } = passkey;
      const wasNone = hasNone(accountId);
      const obstacle = obstacleToAdding(accountId, addition);
      if (obstacle !== undefined) return { outcome: obstacle };
      if (countOf(accountId).passkeys >= PASSKEYS_PER_ACCOUNT) return { outcome: "too many" };
      const synced = passkey.isSynced ? 1 : 0;
      const { changes } = insertPasskey.run(
        id,
        accountId,
        userHandle,
        publicKey,
        counter,
        transports,
        name,
        synced,
        addition.nowMs,
      );
      return changes > 0 ? added(accountId, wasNone, addition) : { outcome: "exists" };
    },

    /** Returns false where the account has no such passkey; so do the removals below. */
    renamePasskey(id: string, accountId: number, name: string): boolean {
      return rename.run(name, id, accountId).changes > 0;
    },

    removePasskey(id: string, accountId: number): boolean {
      const { changes } = deletePasskey.run(id, accountId);
      tidy(accountId);
      return changes > 0;
    },

    removeTotp(accountId: number): boolean {
      const { changes } = deleteTotp.run(accountId);
      tidy(accountId);
      return changes > 0;
    },

    removeFactors(accountId: number): boolean {
      const had = !hasNone(accountId);
      deleteTotp.run(accountId);
      deletePasskeys.run(accountId);
      deleteRecovery.run(accountId);
      return had;
    },

    /** Puts new recovery codes in the place of all others. False where there is no factor. */
    replaceRecoveryCodes(accountId: number, hashes: readonly Bytes[]): boolean {
      if (hasNone(accountId)) return false;
      replaceCodes(accountId, hashes);
      return true;
    },
  };
}
