import { createHash, randomBytes } from "node:crypto";
import { base32 } from "oslo/encoding";

/** Codes that an account has at once. */
export const RECOVERY_CODES = 10;

/** 120 bits, which are 24 characters of base32 without padding. */
const CODE_BYTES = 15;
const CODE_PATTERN = /^[A-Z2-7]{24}$/;

/** Codes to be shown once: six groups of four letters and digits. */
export function makeRecoveryCodes(): readonly string[] {
  return Array.from({ length: RECOVERY_CODES }, () => {
    const text = base32.encode(randomBytes(CODE_BYTES), { includePadding: false });
    return (text.match(/.{4}/g) ?? []).join("-");
  });
}

/**
 * What is stored of a code; undefined where the text is none. Case, spaces and hyphens do not matter.
 *
 * Plain SHA-256 will do, where a password needs Argon2id: nobody guesses 120 random bits, however
 * cheap a guess is (OWASP ASVS 5.0, 6.5.2, and NIST SP 800-63B-4, section 3.1.2.2, draw the line at
 * 112). The account goes into it, so that equal codes of two accounts would not be seen to be equal.
 */
export function recoveryHash(accountId: number, code: string): Uint8Array<ArrayBuffer> | undefined {
  const plain = code.replace(/[\s-]/g, "").toUpperCase();
  if (!CODE_PATTERN.test(plain)) return undefined;
  const text = `hubbub recovery ${accountId} ${plain}`;
  return new Uint8Array(createHash("sha256").update(text).digest());
}
