import { randomBytes } from "node:crypto";
import { Argon2id } from "oslo/password";
import { type Pepper, PepperError, type Peppers } from "./pepper_file.ts";
import {
  type HashCost,
  isOutdated,
  readStoredHash,
  SALT_BYTES,
  TAG_BYTES,
  withPepperId,
} from "./stored_hash.ts";

/** What became of checking a password. */
export type Verdict =
  /** `rehashed` is there where the stored hash is outdated: what should take its place. */
  | { readonly matches: true; readonly rehashed?: string }
  /** `unusable`: what was stored is no hash, or out of bounds; nobody gets in by it. */
  | { readonly matches: false; readonly unusable?: true }
  /** A sentence for the operator; nothing was checked. */
  | { readonly pepperTrouble: string };

/**
 * The work of the hasher's process: Argon2id by `oslo`, with the pepper as Argon2's own secret
 * (RFC 9106, section 3.1, parameter K), and its id in the stored hash.
 */
export class Hashing {
  readonly #readPeppers: () => Peppers;
  readonly #cost: HashCost;
  /** What is checked where there is no hash to check, so that it costs the same. */
  readonly #nobodys: string;
  #peppers: Peppers | undefined;

  /** @param readPeppers is called again whenever a pepper is missing. Throws a PepperError. */
  constructor(readPeppers: () => Peppers, cost: HashCost) {
    this.#readPeppers = readPeppers;
    this.#cost = cost;
    const [salt, tag] = [randomBase64(SALT_BYTES), randomBase64(TAG_BYTES)];
    this.#nobodys = `$argon2id$v=19$m=${cost.memoryKib},t=${cost.passes},p=1$${salt}$${tag}`;
  }

  /** What is wrong with the pepper, as a sentence for the operator; undefined where nothing is. */
  get pepperTrouble(): string | undefined {
    try {
      this.#peppers ??= this.#readPeppers();
      return undefined;
    } catch (error) {
      if (error instanceof PepperError) return error.message;
      throw error;
    }
  }

  /**
   * Hashes a password with the newest pepper.
   *
   * @throws PepperError.
   */
  async hash(password: string): Promise<string> {
    this.#peppers ??= this.#readPeppers();
    const { newest } = this.#peppers;
    return withPepperId(await this.#argon2id(newest).hash(password), newest.id);
  }

  /** Checks a password. Without a stored hash it does the same work, and nothing matches. */
  async verify(stored: string | undefined, password: string): Promise<Verdict> {
    const pepperTrouble = this.pepperTrouble;
    if (pepperTrouble !== undefined) return { pepperTrouble };
    if (stored === undefined) return await this.#checkNobodys(password);
    const hash = readStoredHash(stored);
    if (hash === undefined) return await this.#unusable(password);
    const pepper = hash.pepperId === undefined ? undefined : this.#pepperOf(hash.pepperId);
    if (pepper === undefined && hash.pepperId !== undefined) {
      await this.#checkNobodys(password);
      return { pepperTrouble: `The pepper ${hash.pepperId} is missing: restore it.` };
    }
    let matches: boolean;
    try {
      matches = await this.#argon2id(pepper).verify(hash.phc, password);
    } catch {
      // Its Base64 was none, say. The reason could quote the hash, so it ends here.
      return await this.#unusable(password);
    }
    if (!matches) return { matches };
    const newest = this.#peppers?.newest.id as string;
    if (!isOutdated(hash, this.#cost, newest)) return { matches };
    return { matches, rehashed: await this.hash(password) };
  }

  async #checkNobodys(password: string): Promise<Verdict> {
    await this.#argon2id(this.#peppers?.newest).verify(this.#nobodys, password);
    // Whatever it said: nobody has this hash.
    return { matches: false };
  }

  async #unusable(password: string): Promise<Verdict> {
    await this.#checkNobodys(password);
    return { matches: false, unusable: true };
  }

  #pepperOf(id: string): Pepper | undefined {
    const known = this.#peppers?.byId.get(id);
    if (known !== undefined) return known;
    // A command may have added one, or the operator restored it.
    try {
      this.#peppers = this.#readPeppers();
    } catch {
      // Those that are known stay good.
    }
    return this.#peppers?.byId.get(id);
  }

  #argon2id(pepper: Pepper | undefined): Argon2id {
    const { memoryKib, passes } = this.#cost;
    const secret = pepper === undefined ? {} : { secret: pepper.key };
    return new Argon2id({
      memorySize: memoryKib,
      iterations: passes,
      parallelism: 1,
      tagLength: TAG_BYTES,
      ...secret,
    });
  }
}

/** The PHC string format leaves the padding out. */
function randomBase64(bytes: number): string {
  return randomBytes(bytes).toString("base64").replaceAll("=", "");
}
