/** Until anything is measured: a line of text and what is around it. */
const FIRST_ESTIMATE_PX = 32;

/** An inclusive run of message numbers; empty where `last` is below `first`. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/**
 * How high each row of a run of messages is, and so where each one stands: measured where it has been
 * shown, and otherwise the mean of those that were. Positions are CSS pixels from the top of the run.
 *
 * `@tanstack/virtual-core` counts rows by index from the top of a list that grows at its end. Here
 * the run slides over the numbers of a channel, at both ends; with numbers for keys, sliding moves
 * nothing. A run is at most about a thousand rows, so summing up after a change takes microseconds.
 */
export class Heights {
  #first = 1;
  /** NaN where not measured. */
  #px: number[] = [];
  /** Where each row begins, and at the end where the last one ends; empty while out of date. */
  #starts: number[] = [];

  /** The rows there are. */
  get span(): Span {
    return { first: this.#first, last: this.#first + this.#px.length - 1 };
  }

  /** The height of all rows together. */
  get totalPx(): number {
    return this.#startAt(this.#px.length);
  }

  /** From now on the rows are these; what was measured of those that stay is kept. */
  cover({ first, last }: Span): void {
    const now = this.span;
    if (first === now.first && last === now.last) return;
    const count = Math.max(0, last - first + 1);
    const next = new Array<number>(count).fill(Number.NaN);
    for (let seq = Math.max(first, now.first); seq <= Math.min(last, now.last); seq++) {
      next[seq - first] = this.#px[seq - now.first] as number;
    }
    this.#first = first;
    this.#px = next;
    this.#changed();
  }

  /** A row was measured. Numbers outside of the run are ignored. */
  measured(seq: number, px: number): void {
    const at = seq - this.#first;
    if (at < 0 || at >= this.#px.length || this.#px[at] === px) return;
    this.#px[at] = px;
    this.#changed();
  }

  /** Where a row begins; `last + 1` gives the end. Outside of the run: the nearer end. */
  topOf(seq: number): number {
    return this.#startAt(Math.min(Math.max(seq - this.#first, 0), this.#px.length));
  }

  /** The row that covers a position; the first or last one for a position beyond. */
  at(px: number): number {
    const starts = this.#positions();
    let low = 0;
    let high = Math.max(0, this.#px.length - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= px) low = middle;
      else high = middle - 1;
    }
    return this.#first + low;
  }

  /** The rows between two positions, those cut by them included. */
  between(topPx: number, bottomPx: number): Span {
    if (this.#px.length === 0) return this.span;
    return { first: this.at(topPx), last: this.at(Math.max(topPx, bottomPx)) };
  }

  #startAt(index: number): number {
    return this.#positions()[index] as number;
  }

  #positions(): readonly number[] {
    if (this.#starts.length > 0) return this.#starts;
    const known = this.#px.filter((px) => !Number.isNaN(px));
    const knownPx = known.reduce((sum, px) => sum + px, 0);
    const estimate = known.length > 0 ? knownPx / known.length : FIRST_ESTIMATE_PX;
    let at = 0;
    for (const px of this.#px) {
      this.#starts.push(at);
      at += Number.isNaN(px) ? estimate : px;
    }
    this.#starts.push(at);
    return this.#starts;
  }

  #changed(): void {
    this.#starts = [];
  }
}
