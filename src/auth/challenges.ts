import { randomBytes } from "node:crypto";

const CHALLENGE_BYTES = 32;

interface Challenge<T> {
  readonly value: T;
  readonly holder: number | undefined;
  readonly expiresMs: number;
  triesLeft: number;
  isClaimed: boolean;
}

interface ChallengeLimits {
  readonly lifeMs: number;
  /** Answers that are looked at. */
  readonly tries: number;
  /** Those of one holder at once; beyond that its oldest is void. */
  readonly perHolder: number;
  /** All at once; beyond that the oldest is void. */
  readonly most: number;
}

/**
 * Challenges that wait for their answer, all for one purpose: 32 random bytes in base64url, good
 * for minutes and for one success. They live in memory only, so a restart voids them and whoever
 * waits begins again.
 *
 * An answer is checked between `claim` and `release` or `end`; meanwhile nobody else can claim the
 * challenge, so two answers at once are no two tries.
 */
export class Challenges<T> {
  readonly #limits: ChallengeLimits;
  readonly #now: () => number;
  /** In the order of their issue, which is the order in which they expire. */
  readonly #open = new Map<string, Challenge<T>>();
  readonly #ofHolder = new Map<number, Set<string>>();

  /** @param now Milliseconds since the Unix epoch. */
  constructor(limits: ChallengeLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** How many wait. */
  get size(): number {
    return this.#open.size;
  }

  get lifeSeconds(): number {
    return this.#limits.lifeMs / 1000;
  }

  /** @param holder The account it is for, where that is known. */
  issue(value: T, holder?: number): string {
    const { lifeMs, tries, perHolder, most } = this.#limits;
    this.#endExpired();
    const mine = holder === undefined ? undefined : this.#ofHolder.get(holder);
    if (mine !== undefined && mine.size >= perHolder) this.end(first(mine));
    if (this.#open.size >= most) this.end(first(this.#open.keys()));
    const challenge = randomBytes(CHALLENGE_BYTES).toString("base64url");
    const expiresMs = this.#now() + lifeMs;
    this.#open.set(challenge, { value, holder, expiresMs, triesLeft: tries, isClaimed: false });
    if (holder !== undefined) {
      this.#ofHolder.set(holder, (this.#ofHolder.get(holder) ?? new Set()).add(challenge));
    }
    return challenge;
  }

  /** What the challenge was issued with; undefined where it is not good, or claimed already. */
  claim(challenge: string): T | undefined {
    const held = this.#open.get(challenge);
    if (held === undefined || held.isClaimed) return undefined;
    if (held.expiresMs <= this.#now()) {
      this.end(challenge);
      return undefined;
    }
    held.isClaimed = true;
    held.triesLeft -= 1;
    return held.value;
  }

  /** The answer was wrong; there may be another try. */
  release(challenge: string): void {
    const held = this.#open.get(challenge);
    if (held === undefined) return;
    held.isClaimed = false;
    if (held.triesLeft <= 0) this.end(challenge);
  }

  /** It is answered, or given up. */
  end(challenge: string): void {
    const held = this.#open.get(challenge);
    if (held === undefined) return;
    this.#open.delete(challenge);
    if (held.holder === undefined) return;
    const mine = this.#ofHolder.get(held.holder);
    mine?.delete(challenge);
    if (mine?.size === 0) this.#ofHolder.delete(held.holder);
  }

  #endExpired(): void {
    const now = this.#now();
    for (const [challenge, { expiresMs }] of this.#open) {
      if (expiresMs > now) return;
      this.end(challenge);
    }
  }
}

function first(challenges: Iterable<string>): string {
  for (const challenge of challenges) return challenge;
  throw new Error("auth/challenges: a full collection holds nothing");
}
