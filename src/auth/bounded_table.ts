/** How many of the entries unused for longest are compared for which to forget. */
const CANDIDATES = 8;

/**
 * A map that never holds more than `capacity` entries. Past that it forgets, of those unused for
 * longest, the one that is worth least. So a flood of new keys costs no memory, and pushes out
 * other keys of the flood rather than what there is to remember.
 */
export class BoundedTable<V> {
  readonly #entries = new Map<string, V>();
  readonly #capacity: number;
  readonly #worth: (value: V) => number;

  /** @param worth of an entry; forgetting one of 0 changes nothing. */
  constructor(capacity: number, worth: (value: V) => number) {
    this.#capacity = capacity;
    this.#worth = worth;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  /** Sets the entry, which is the one used last from then on. */
  set(key: string, value: V): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#capacity) this.#forgetOne();
    this.#entries.set(key, value);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  #forgetOne(): void {
    let cheapest: string | undefined;
    let leastWorth = Number.POSITIVE_INFINITY;
    let looked = 0;
    for (const [key, value] of this.#entries) {
      const worth = this.#worth(value);
      if (worth < leastWorth) [cheapest, leastWorth] = [key, worth];
      looked += 1;
      if (looked === CANDIDATES || worth <= 0) break;
    }
    if (cheapest !== undefined) this.#entries.delete(cheapest);
  }
}
