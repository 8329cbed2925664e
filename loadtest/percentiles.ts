import { build, type Histogram } from "hdr-histogram-js";
import type { Latency } from "./result.ts";
import type { Counts } from "./tester/tally.ts";

/** The longest latency that Tally counts. */
const HIGHEST_US = 0x7fffffff;

/** A histogram of microseconds with 3 significant digits, for more than 2^32 values. */
export function newHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 64,
  });
}

export function addCounts(histogram: Histogram, counts: Counts): void {
  for (let at = 0; at < counts.length; at += 2) {
    histogram.recordValueWithCount(counts[at] as number, counts[at + 1] as number);
  }
}

/** One percentile in ms; null where nothing was measured. */
export function percentileMs(histogram: Histogram, percentile: number): number | null {
  return histogram.totalCount === 0 ? null : ms(histogram.getValueAtPercentile(percentile));
}

/** All zeros where nothing was measured. */
export function latencyOf(histogram: Histogram): Latency {
  const at = (percentile: number) => percentileMs(histogram, percentile) ?? 0;
  return {
    count: histogram.totalCount,
    p50: at(50),
    p90: at(90),
    p95: at(95),
    p99: at(99),
    p999: at(99.9),
    max: at(100),
  };
}

function ms(us: number): number {
  return Math.round(us) / 1000;
}
