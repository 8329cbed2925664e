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
