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
  #periodSum = 0;

  /** Hot: about 30 ns. Negative values (a clock that was set back) count as 0. */
  record(value: number): void {
    const scaled = Math.max(1, Math.round(value * 1000));
    this.#histogram.record(scaled);
    this.#period.record(Math.min(scaled, PERIOD_HIGHEST));
    this.#periodSum += value;
  }

  get count(): number {
    return this.#histogram.count;
  }

  /** @param percent 0 to 100. Returns 0 while nothing was recorded. */
  percentile(percent: number): number {
    return this.#histogram.count === 0 ? 0 : this.#histogram.percentile(percent) / 1000;
  }

  get max(): number {
    return this.#histogram.count === 0 ? 0 : this.#histogram.max / 1000;
  }

  /** Ends the period and begins the next one. There is one who does that: the recorder. */
  takePeriod(): PeriodSummary {
    const { count } = this.#period;
    if (count === 0) return { mean: Number.NaN, p50: Number.NaN, p99: Number.NaN };
    const summary = {
      mean: this.#periodSum / count,
      p50: this.#period.percentile(50) / 1000,
      p99: this.#period.percentile(99) / 1000,
    };
    this.#period.reset();
    this.#periodSum = 0;
    return summary;
  }
}
