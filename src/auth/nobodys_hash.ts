import { randomBytes } from "node:crypto";

const SALT_BYTES = 16;
const TAG_BYTES = 32;

/**
 * A hash that no password has, in the PHC string format. It has the parameters of argon2id.ts, so
 * checking a password against it costs what checking one against an account's hash costs. They
 * stand here again (a test compares them) because that file loads the native module, which the
 * server's own process has no use for.
 */
export function nobodysHash(): string {
  return `$argon2id$v=19$m=19456,t=2,p=1$${randomBase64(SALT_BYTES)}$${randomBase64(TAG_BYTES)}`;
}

/** The PHC string format leaves the padding out. */
function randomBase64(bytes: number): string {
  return randomBytes(bytes).toString("base64").replaceAll("=", "");
}
