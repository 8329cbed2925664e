/** Beyond 2^31 - 1 us, 35 minutes, latencies count as that. */
const HIGHEST_US = 0x7fffffff;
/** Below this, every microsecond has a cell; above, cells grow so that 3 digits are kept. */
const EXACT_US = 2048;
const CELLS = 20 * 1024 + EXACT_US;

/** Counts by latency: pairs of microseconds and how often, in one array. */
export type Counts = Uint32Array<ArrayBuffer>;

/**
 * Counts latencies on the hot path: a few nanoseconds each, where recording into an HdrHistogram
 * takes about 200, too much for a million deliveries a second. The cells are those of an
 * HdrHistogram with 3 significant digits, so that nothing is lost by moving the counts into one
 * once a second.
 */
export class Tally {
  readonly #cells = new Uint32Array(CELLS);
  #lowest = CELLS;
  #highest = -1;

  /** Hot. A negative latency (clocks of two processes) counts as 0. */
  add(latencyUs: number): void {
    const value = latencyUs < 0 ? 0 : latencyUs > HIGHEST_US ? HIGHEST_US : Math.trunc(latencyUs);
    let cell = value;
    if (value >= EXACT_US) {
      const shift = 21 - Math.clz32(value);
      cell = (shift << 10) + (value >>> shift);
    }
    this.#cells[cell] = (this.#cells[cell] as number) + 1;
    if (cell < this.#lowest) this.#lowest = cell;
    if (cell > this.#highest) this.#highest = cell;
  }

  /** What was counted since the last call. */
  take(): Counts {
    const pairs: number[] = [];
    for (let cell = this.#lowest; cell <= this.#highest; cell++) {
      const count = this.#cells[cell] as number;
      if (count > 0) pairs.push(latencyOf(cell), count);
    }
    if (this.#highest >= 0) this.#cells.fill(0, this.#lowest, this.#highest + 1);
    this.#lowest = CELLS;
    this.#highest = -1;
    return new Uint32Array(pairs);
  }
}

/** The lowest latency of a cell. */
function latencyOf(cell: number): number {
  if (cell < EXACT_US) return cell;
  const shift = (cell >> 10) - 1;
  return (cell - (shift << 10)) * 2 ** shift;
}
