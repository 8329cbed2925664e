import { BoundedTable } from "./bounded_table.ts";

interface Bucket {
  tokens: number;
  atMs: number;
}

export interface AllowanceLimits {
  /** What each key may take at once. */
  readonly burst: number;
  /** What comes back in an hour. */
  readonly perHour: number;
  /** Keys that are remembered. */
  readonly keys: number;
}

/** A token bucket for each key, in bounded memory. */
export class Allowance {
  readonly #burst: number;
  readonly #perMs: number;
  readonly #clockMs: () => number;
  readonly #buckets: BoundedTable<Bucket>;

  /** @param clockMs a clock in ms that never goes back. */
  constructor({ burst, perHour, keys }: AllowanceLimits, clockMs: () => number) {
    this.#burst = burst;
    this.#perMs = perHour / 3_600_000;
    this.#clockMs = clockMs;
    this.#buckets = new BoundedTable(keys, (bucket) => burst - this.#tokensOf(bucket));
  }

  /** Takes one if there is one. Returns 0, or the ms until there is (then none is taken). */
  take(key: string): number {
    const bucket = this.#buckets.get(key);
    const tokens = bucket === undefined ? this.#burst : this.#tokensOf(bucket);
    if (tokens < 1) return Math.max(1, Math.ceil((1 - tokens) / this.#perMs));
    this.#buckets.set(key, { tokens: tokens - 1, atMs: this.#clockMs() });
    return 0;
  }

  /** Puts one back that was taken for nothing. */
  giveBack(key: string): void {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return;
    const tokens = this.#tokensOf(bucket) + 1;
    if (tokens >= this.#burst) this.#buckets.delete(key);
    else this.#buckets.set(key, { tokens, atMs: this.#clockMs() });
  }

  #tokensOf({ tokens, atMs }: Bucket): number {
    return Math.min(this.#burst, tokens + (this.#clockMs() - atMs) * this.#perMs);
  }
}
