import type { Database } from "bun:sqlite";
import { reading } from "./errors.ts";

/** A TOTP factor as the file has it. */
export interface StoredTotp {
  readonly id: string;
  /** Encrypted. */
  readonly secret: Uint8Array<ArrayBuffer>;
  /** The newest time step whose code was taken. */
  readonly lastStep: number;
  readonly createdMs: number;
  /** Null while it was not used after its making. */
  readonly usedMs: number | null;
}

/** A passkey as the file has it. */
export interface StoredPasskey {
  /** The credential's id in base64url. */
  readonly id: string;
  readonly accountId: number;
  readonly userHandle: Uint8Array<ArrayBuffer>;
  /** A COSE_Key. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly counter: number;
  /** As the browser named them, with commas. */
  readonly transports: string;
  readonly name: string;
  /** Whether its provider may copy it to other devices. */
  readonly isSynced: boolean;
  readonly createdMs: number;
  readonly usedMs: number | null;
}

type PasskeyRow = Omit<StoredPasskey, "isSynced"> & { readonly isSynced: 0 | 1 };

const PASSKEY_COLUMNS = `id, account_id AS accountId, user_handle AS userHandle,
  public_key AS publicKey, counter, transports, name, is_synced AS isSynced,
  created_ms AS createdMs, used_ms AS usedMs`;

/**
 * Reads of second factors on the calling thread, each a look-up in an index. They see everything
 * that was committed before they are called.
 *
 * Every method throws a StoreError where the disk refuses.
 */
export class FactorReads {
  readonly #totp;
  readonly #anyTotp;
  readonly #passkey;
  readonly #passkeys;
  readonly #codes;
  readonly #hasCode;
  readonly #has;
  readonly #sessionStart;

  /** @param db Open for as long as this is used. */
  constructor(db: Database) {
    this.#totp = db.prepare<StoredTotp, [number]>(
      `SELECT id, secret, last_step AS lastStep, created_ms AS createdMs, used_ms AS usedMs
       FROM totp_factor WHERE account_id = ?`,
    );
    this.#anyTotp = db.prepare<{ accountId: number; secret: Uint8Array<ArrayBuffer> }, []>(
      "SELECT account_id AS accountId, secret FROM totp_factor LIMIT 1",
    );
    this.#passkey = db.prepare<PasskeyRow, [string]>(
      `SELECT ${PASSKEY_COLUMNS} FROM passkey WHERE id = ?`,
    );
    this.#passkeys = db.prepare<PasskeyRow, [number]>(
      `SELECT ${PASSKEY_COLUMNS} FROM passkey WHERE account_id = ? ORDER BY created_ms, id`,
    );
    this.#codes = db.prepare<{ left: number }, [number]>(
      "SELECT count(*) AS left FROM recovery_code WHERE account_id = ?",
    );
    this.#hasCode = db.prepare<unknown, [number, Uint8Array<ArrayBuffer>]>(
      "SELECT 1 FROM recovery_code WHERE account_id = ? AND hash = ?",
    );
    this.#has = db.prepare<{ has: 0 | 1 }, [number, number]>(
      `SELECT EXISTS (SELECT 1 FROM totp_factor WHERE account_id = ?)
           OR EXISTS (SELECT 1 FROM passkey WHERE account_id = ?) AS has`,
    );
    this.#sessionStart = db.prepare<{ createdMs: number }, [string]>(
      "SELECT created_ms AS createdMs FROM session WHERE id = ?",
    );
  }

  /** Whether the account's password alone is not enough. */
  hasFactor(accountId: number): boolean {
    return reading(() => this.#has.get(accountId, accountId))?.has === 1;
  }

  totpOf(accountId: number): StoredTotp | undefined {
    return reading(() => this.#totp.get(accountId)) ?? undefined;
  }

  /** Any one secret, to try a key on. */
  anyTotp(): { readonly accountId: number; readonly secret: Uint8Array<ArrayBuffer> } | undefined {
    return reading(() => this.#anyTotp.get()) ?? undefined;
  }

  passkey(id: string): StoredPasskey | undefined {
    const row = reading(() => this.#passkey.get(id));
    return row === null ? undefined : passkeyOf(row);
  }

  /** The account's passkeys, the oldest first. */
  passkeysOf(accountId: number): readonly StoredPasskey[] {
    return reading(() => this.#passkeys.all(accountId)).map(passkeyOf);
  }

  recoveryCodesLeft(accountId: number): number {
    return reading(() => this.#codes.get(accountId))?.left ?? 0;
  }

  hasRecoveryCode(accountId: number, hash: Uint8Array<ArrayBuffer>): boolean {
    return reading(() => this.#hasCode.get(accountId, hash)) !== null;
  }

  /** When the session's user signed in, in milliseconds since the Unix epoch. */
  sessionStartMs(sessionId: string): number | undefined {
    return reading(() => this.#sessionStart.get(sessionId))?.createdMs;
  }
}

function passkeyOf(row: PasskeyRow): StoredPasskey {
  return { ...row, isSynced: row.isSynced === 1 };
}
