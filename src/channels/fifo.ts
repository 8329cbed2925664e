/** Taken slots are given up when there are this many of them, and as many as are left. */
const GIVE_UP_FROM = 32;

/** First in, first out, with a look at any place. Each operation takes constant time on average. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Takes the oldest. */
  shift(): Item | undefined {
    if (this.#first === this.#items.length) return undefined;
    const item = this.#items[this.#first];
    // Let go of at once; the slots are given up many at a time.
    this.#items[this.#first++] = undefined;
    if (this.#first >= GIVE_UP_FROM && this.#first * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }

  /** @param index 0 is the oldest. */
  at(index: number): Item | undefined {
    return index < 0 ? undefined : this.#items[this.#first + index];
  }
}
