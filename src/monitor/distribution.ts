import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** Of the values of some time; all NaN where there were none. */
export interface PeriodSummary {
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
}

/**
 * The largest value of a period, in thousandths of the unit: a larger one counts as this. The
 * histogram then has 20 KiB, and to read and clear it takes two microseconds; Node's own bounds make
 * it eight.
 */
const PERIOD_HIGHEST = 100_000_000;
/** A value of a period is off by less than one in a hundred. */
const PERIOD_DIGITS = 2;
/** A value is counted in the bucket of the next power of two; 2^27 is past `PERIOD_HIGHEST`. */
const BUCKETS = 28;

/**
 * A distribution of durations or sizes, since the start and of the period that runs. Values are kept
 * as whole numbers of a thousandth of the unit, so a histogram of milliseconds resolves microseconds.
 * HDR histogram, as Node's `perf_hooks` has it.
 */
export class Distribution {
  readonly #histogram: RecordableHistogram = createHistogram();
  readonly #period: RecordableHistogram = createHistogram({
    lowest: 1,
    highest: PERIOD_HIGHEST,
    figures: PERIOD_DIGITS,
  });
  /** By exponent: how many values lie above the power of two before and not above this one. */
  readonly #buckets = new Float64Array(BUCKETS);
  #sum = 0;
  #sumBefore = 0;

  /** Hot: about 30 ns. Negative values (a clock that was set back) count as 0. */
  record(value: number): void {
    const scaled = Math.max(1, Math.round(value * 1000));
    const bounded = Math.min(scaled, PERIOD_HIGHEST);
    this.#histogram.record(scaled);
    this.#period.record(bounded);
    // The smallest exponent whose power of two is not below the value.
    (this.#buckets[32 - Math.clz32(bounded - 1)] as number) += 1;
    this.#sum += Math.max(0, value);
  }

  get count(): number {
    return this.#histogram.count;
  }

  /** @param percent 0 to 100. Returns 0 while nothing was recorded. */
  percentile(percent: number): number {
    return this.#histogram.count === 0 ? 0 : this.#histogram.percentile(percent) / 1000;
  }

  /** Of all values since the start. */
  get sum(): number {
    return this.#sum;
  }

  /**
   * How many values since the start are not above 2^exponent thousandths of the unit.
   *
   * @param exponent 0 to 26, for above that values are counted together; or Infinity, for all.
   */
  countUpTo(exponent: number): number {
    let count = 0;
    for (let at = 0; at <= Math.min(exponent, BUCKETS - 1); at++)
      count += this.#buckets[at] as number;
    return count;
  }

  get max(): number {
    return this.#histogram.count === 0 ? 0 : this.#histogram.max / 1000;
  }

  /** Ends the period and begins the next one. There is one who does that: the recorder. */
  takePeriod(): PeriodSummary {
    const { count } = this.#period;
    if (count === 0) return { mean: Number.NaN, p50: Number.NaN, p99: Number.NaN };
    const summary = {
      mean: (this.#sum - this.#sumBefore) / count,
      p50: this.#period.percentile(50) / 1000,
      p99: this.#period.percentile(99) / 1000,
    };
    this.#period.reset();
    this.#sumBefore = this.#sum;
    return summary;
  }
}
