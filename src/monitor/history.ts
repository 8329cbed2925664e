import type { Merge } from "./series.ts";

/** How finely and how long rows are kept. */
export interface TierSize {
  readonly stepSeconds: number;
  readonly rows: number;
}

/** Ten minutes by the second, three hours by ten seconds, a day by the minute. */
export const tierSizes: readonly TierSize[] = [
  { stepSeconds: 1, rows: 600 },
  { stepSeconds: 10, rows: 1080 },
  { stepSeconds: 60, rows: 1440 },
];

/** Some rows in a sequence, read out of a tier. Valid until the next sample. */
export interface Rows {
  /** The number of the first of them. */
  readonly first: number;
  readonly count: number;
  /** There are rows after the last one. */
  readonly more: boolean;
  /** When each ended, by the clock of those who record. */
  timesMs(): number[];
  column(index: number): number[];
}

/**
 * A table of the last rows of one step: a ring in typed arrays, whose size never changes. Rows are
 * numbered 1, 2, 3, ... A row is made of samples, and is there when they cover its step.
 */
export class Tier {
  readonly stepSeconds: number;
  readonly #merges: readonly Merge[];
  readonly #capacity: number;
  /** Row by row: a sample writes in one place. */
  readonly #values: Float32Array;
  readonly #timesMs: Float64Array;
  /** Of the row that is being made: merged so far, and the time that counts of each column. */
  readonly #merged: Float64Array;
  readonly #weightsMs: Float64Array;
  #coveredMs = 0;
  #newest = 0;

  constructor({ stepSeconds, rows }: TierSize, merges: readonly Merge[]) {
    this.stepSeconds = stepSeconds;
    this.#merges = merges;
    this.#capacity = rows;
    this.#values = new Float32Array(rows * merges.length);
    this.#timesMs = new Float64Array(rows);
    this.#merged = new Float64Array(merges.length).fill(Number.NaN);
    this.#weightsMs = new Float64Array(merges.length);
  }

  /** The number of the newest row; 0 while there is none. */
  get newest(): number {
    return this.#newest;
  }

  get bytes(): number {
    const arrays = [this.#values, this.#timesMs, this.#merged, this.#weightsMs];
    return arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /**
   * Takes a sample: a value for each column.
   *
   * @param atMs when it was taken, by a clock that never goes back.
   * @param coversMs the time since the sample before.
   */
  add(atMs: number, coversMs: number, sample: ArrayLike<number>): void {
    for (let column = 0; column < this.#merges.length; column++) {
      this.#merge(column, sample[column] as number, coversMs);
    }
    this.#coveredMs += coversMs;
    // Half a sample less: timers are late, and at times early, by a little.
    if (this.#coveredMs >= this.stepSeconds * 1000 - 500) this.#finish(atMs);
  }

  /** The rows after number `after`, at most `limit` of them; from the oldest there is, if that is newer. */
  rows(after: number, limit: number): Rows {
    const oldest = Math.max(1, this.#newest - this.#capacity + 1);
    const first = Math.max(oldest, after + 1);
    const count = Math.max(0, Math.min(limit, this.#newest - first + 1));
    const collect = (valueAt: (place: number) => number) =>
      Array.from({ length: count }, (_, index) => valueAt((first + index - 1) % this.#capacity));
    const columns = this.#merges.length;
    return {
      first,
      count,
      more: first + count - 1 < this.#newest,
      timesMs: () => collect((place) => this.#timesMs[place] as number),
      column: (column) => collect((place) => this.#values[place * columns + column] as number),
    };
  }

  #merge(column: number, value: number, coversMs: number): void {
    if (Number.isNaN(value)) return;
    const before = this.#merged[column] as number;
    const weightMs = this.#weightsMs[column] as number;
    const together = weightMs + coversMs;
    this.#weightsMs[column] = together;
    if (Number.isNaN(before)) {
      this.#merged[column] = value;
      return;
    }
    switch (this.#merges[column]) {
      case "mean":
        this.#merged[column] = before + ((value - before) * coversMs) / together;
        return;
      case "max":
        this.#merged[column] = Math.max(before, value);
        return;
      default:
        this.#merged[column] = before + value;
    }
  }

  #finish(atMs: number): void {
    const place = this.#newest % this.#capacity;
    this.#values.set(this.#merged, place * this.#merges.length);
    this.#timesMs[place] = atMs;
    this.#newest += 1;
    this.#merged.fill(Number.NaN);
    this.#weightsMs.fill(0);
    this.#coveredMs = 0;
  }
}
