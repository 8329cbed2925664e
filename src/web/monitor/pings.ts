/** A day, at one a second. */
const CAPACITY = 24 * 60 * 60;

/**
 * How long this page's own pings took, for a day at most: a ring whose memory (1 MB) does not grow.
 * The times are the server's, as its pongs tell.
 */
export class Pings {
  readonly #timesMs = new Float64Array(CAPACITY);
  readonly #tookMs = new Float32Array(CAPACITY);
  #count = 0;

  add(timeMs: number, tookMs: number): void {
    const place = this.#count % CAPACITY;
    this.#timesMs[place] = timeMs;
    this.#tookMs[place] = tookMs;
    this.#count += 1;
  }

  /** What the newest ping took, in ms; NaN where there is none since then. */
  latest(sinceMs: number): number {
    if (this.#count === 0) return Number.NaN;
    const place = (this.#count - 1) % CAPACITY;
    return (this.#timesMs[place] as number) >= sinceMs
      ? (this.#tookMs[place] as number)
      : Number.NaN;
  }

  /**
   * The slowest ping up to each of some times, since `stepMs` before it; undefined where there was
   * none. In seconds, ascending, as a View has them.
   */
  slowest(timesS: readonly number[], stepMs: number): (number | undefined)[] {
    const oldest = Math.max(0, this.#count - CAPACITY);
    let index = this.#firstAfter(oldest, (timesS[0] ?? 0) * 1000 - stepMs);
    return timesS.map((timeS) => {
      let slowest: number | undefined;
      for (; index < this.#count && this.#timeAt(index) <= timeS * 1000; index++) {
        const isNear = this.#timeAt(index) > timeS * 1000 - 2 * stepMs;
        if (isNear) slowest = Math.max(slowest ?? 0, this.#tookMs[index % CAPACITY] as number);
      }
      return slowest;
    });
  }

  #timeAt(index: number): number {
    return this.#timesMs[index % CAPACITY] as number;
  }

  #firstAfter(oldest: number, timeMs: number): number {
    let [low, high] = [oldest, this.#count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timeAt(middle) <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
