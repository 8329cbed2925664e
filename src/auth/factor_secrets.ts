import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { join } from "node:path";
import type { FactorReads } from "../store/factor_reads.ts";
import { StoreFileError } from "../store/schema.ts";
import { keyFile } from "./key_file.ts";

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
/** NIST SP 800-38D, section 8.2.2: random nonces of 96 bits are good for 2^32 of them. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** The first byte of what is stored, so that another way of sealing can come beside this one. */
const VERSION = 1;

/**
 * Encrypts the secrets of TOTP, which cannot be hashed because each check needs them. The key is in
 * a file of its own, so a copy of the database alone, such as a backup that got lost, gives no
 * second factor away. The account is authenticated with it: a secret that is copied to another
 * account's row does not open.
 *
 * Stored: version (1 byte), nonce (12), ciphertext, tag (16).
 */
export class FactorSecrets {
  readonly #key: Buffer;

  /** @param key 32 bytes. */
  constructor(key: Buffer) {
    if (key.length !== KEY_BYTES) throw new Error("auth/factor_secrets: a key of another length");
    this.#key = key;
  }

  seal(secret: Uint8Array, accountId: number): Uint8Array<ArrayBuffer> {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(contextOf(accountId));
    const sealed = [cipher.update(secret), cipher.final(), cipher.getAuthTag()];
    return new Uint8Array(Buffer.concat([new Uint8Array([VERSION]), nonce, ...sealed]));
  }

  /** Undefined where it was sealed with another key or for another account, or is damaged. */
  open(stored: Uint8Array, accountId: number): Uint8Array<ArrayBuffer> | undefined {
    const bytes = Buffer.from(stored);
    if (bytes[0] !== VERSION || bytes.length < 1 + NONCE_BYTES + TAG_BYTES) return undefined;
    const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
    const decipher = createDecipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(contextOf(accountId));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = decipher.update(bytes.subarray(1 + NONCE_BYTES, -TAG_BYTES));
      return new Uint8Array(Buffer.concat([text, decipher.final()]));
    } catch {
      return undefined;
    }
  }
}

/**
 * With the key of `factors.key` beside the data, which is made on first start.
 *
 * @throws StoreFileError where the file cannot be used, or is not the one that the stored secrets
 * were encrypted with: rather no start than accounts whose codes cannot be checked.
 */
export async function openFactorSecrets(
  dataFolder: string,
  reads: FactorReads,
): Promise<FactorSecrets> {
  const path = join(dataFolder, "factors.key");
  const restore =
    "restore it from a backup, or delete it and remove the second factors that need it: hubbub user factors NAME --remove";
  const text = await keyFile(path, {
    name: "the key of second factors",
    ifSeen:
      "have those who use one-time codes enrol again: delete it, and run hubbub user factors NAME --remove for each.",
    ifDamaged: `${restore.charAt(0).toUpperCase()}${restore.slice(1)}.`,
  });
  const key = Buffer.from(text, "base64url");
  if (key.length !== KEY_BYTES) throw new StoreFileError(`${path} is damaged. Restore a backup.`);
  const secrets = new FactorSecrets(key);
  const known = reads.anyTotp();
  if (known !== undefined && secrets.open(known.secret, known.accountId) === undefined) {
    throw new StoreFileError(
      `${path} is not the key that this file's second factors were encrypted with; ${restore}.`,
    );
  }
  return secrets;
}

function contextOf(accountId: number): Buffer {
  return Buffer.from(`hubbub totp ${accountId}`);
}
