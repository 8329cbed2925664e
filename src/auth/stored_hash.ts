/** What a password's hash costs to make. One lane always. */
export interface HashCost {
  /** At least OWASP's 19,456. */
  readonly memoryKib: number;
  /** At least OWASP's 2. */
  readonly passes: number;
}

/** A stored hash that may be checked, taken apart. */
export interface StoredHash {
  readonly cost: HashCost;
  readonly saltBytes: number;
  readonly tagBytes: number;
  /** Which pepper went into it; undefined where none did. */
  readonly pepperId: string | undefined;
  /** The hash as Argon2 libraries write it, without the pepper's id. */
  readonly phc: string;
}

/**
 * What a stored hash may ask for. Whoever can write to the database could otherwise have the server
 * take gigabytes for a sign-in, or hold hardly any work or tag against a guess.
 */
export const HASH_BOUNDS = {
  memoryKib: { min: 4096, max: 262_144 },
  passes: { min: 1, max: 10 },
  lanes: { min: 1, max: 16 },
  saltBytes: { min: 8, max: 64 },
  tagBytes: { min: 16, max: 64 },
} as const;

/** What new hashes have. */
export const SALT_BYTES = 16;
export const TAG_BYTES = 32;

/**
 * The PHC string format of Argon2id, version 1.3, with its optional `keyid`: the id of the secret
 * (https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md). `data` is not ours.
 */
const PATTERN =
  /^\$argon2id\$v=19(\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,3}))(?:,keyid=([A-Za-z0-9+/]{11}))?(\$([A-Za-z0-9+/]{1,100})\$([A-Za-z0-9+/]{1,100}))$/;

/** A stored hash taken apart; undefined where it is none, or asks for what is out of bounds. */
export function readStoredHash(text: string): StoredHash | undefined {
  const found = PATTERN.exec(text);
  if (found === null) return undefined;
  const [, parameters, memory, times, lanes, pepperId, rest, salt = "", tag = ""] = found;
  const memoryKib = Number(memory);
  const passes = Number(times);
  const saltBytes = bytesIn(salt);
  const tagBytes = bytesIn(tag);
  const isBounded =
    isWithin(HASH_BOUNDS.memoryKib, memoryKib) &&
    isWithin(HASH_BOUNDS.passes, passes) &&
    isWithin(HASH_BOUNDS.lanes, Number(lanes)) &&
    isWithin(HASH_BOUNDS.saltBytes, saltBytes) &&
    isWithin(HASH_BOUNDS.tagBytes, tagBytes);
  if (!isBounded) return undefined;
  const phc = `$argon2id$v=19${parameters}${rest}`;
  return { cost: { memoryKib, passes }, saltBytes, tagBytes, pepperId, phc };
}

/** A fresh hash with the id of the pepper that went into it. */
export function withPepperId(phc: string, pepperId: string): string {
  return phc.replace(/^(\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+)\$/, `$1,keyid=${pepperId}$`);
}

/**
 * Whether the password should be hashed anew: it took less work than one hashed now takes, or has
 * another pepper than the newest, or none. Work is memory times passes, as in OWASP's table of equal
 * parameters. One that took more work is left as it is.
 */
export function isOutdated(hash: StoredHash, cost: HashCost, newestPepperId: string): boolean {
  return (
    hash.pepperId !== newestPepperId ||
    hash.cost.memoryKib * hash.cost.passes < cost.memoryKib * cost.passes ||
    hash.saltBytes < SALT_BYTES ||
    hash.tagBytes < TAG_BYTES
  );
}

/** The bytes that Base64 without padding stands for; 0 for a length that none has. */
function bytesIn(base64: string): number {
  return base64.length % 4 === 1 ? 0 : Math.floor((base64.length * 3) / 4);
}

function isWithin({ min, max }: { readonly min: number; readonly max: number }, value: number) {
  return value >= min && value <= max;
}
