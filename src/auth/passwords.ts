/** In characters (Unicode code points) of the normalized password. */
export const PASSWORD_CHARACTERS = { min: 8, max: 256 } as const;

/**
 * The password as it is hashed: in Unicode's form NFKC, so that it is the same from every keyboard
 * (NIST SP 800-63B, section 3.1.1.2). Undefined where it is too short or too long, or is no
 * Unicode text: a lone surrogate would be replaced on its way into bytes, and so would be equal
 * to any other.
 */
export function normalizePassword(password: string): string | undefined {
  if (!password.isWellFormed()) return undefined;
  const normalized = password.normalize("NFKC");
  const characters = [...normalized].length;
  const { min, max } = PASSWORD_CHARACTERS;
  return characters >= min && characters <= max ? normalized : undefined;
}

/** What a new password must be like, in the words that every refusal uses. */
export const newPasswordRules = {
  length: `${PASSWORD_CHARACTERS.min} to ${PASSWORD_CHARACTERS.max} characters of text.`,
  common: "it is on the list of the most common passwords, which are tried first. Choose another.",
  name: "it is the account's name, which is tried first. Choose another.",
} as const;

/** Whether a normalized password is nothing but the name of its account. */
export function isAccountName(password: string, name: string): boolean {
  return password.toLowerCase() === name.toLowerCase();
}
