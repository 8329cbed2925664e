import type { Expectation, Result } from "../result.ts";

/** The percentiles that reports show, in order. */
export const percentiles = ["p50", "p90", "p95", "p99", "p999", "max"] as const;

export type Percentile = (typeof percentiles)[number];

/** As people write them. */
export const percentileNames: Readonly<Record<Percentile, string>> = {
  p50: "p50",
  p90: "p90",
  p95: "p95",
  p99: "p99",
  p999: "p99.9",
  max: "max",
};

/** What the delivery latency should stay within, as it was set for the earlier server. */
const standing: readonly Pick<Expectation, "percentile" | "atMostMs">[] = [
  { percentile: "p90", atMostMs: 200 },
  { percentile: "p95", atMostMs: 500 },
  { percentile: "p99", atMostMs: 1000 },
];

/**
 * What the delivery latency is held against: the run's own `--expect`, and the standing targets where
 * it has none for that percentile and something was delivered. Those decide nothing; they are for the eye. Ordered by percentile.
 */
export function targetsOf(result: Result): (Expectation & { readonly asked: boolean })[] {
  const { delivery } = result.latencyMs;
  const toShow = delivery.count === 0 ? [] : standing;
  const asked = result.expectations.map((expectation) => ({ ...expectation, asked: true }));
  const others = toShow
    .filter(({ percentile }) => !asked.some((expectation) => expectation.percentile === percentile))
    .map((target) => {
      const actualMs = delivery[target.percentile];
      return { ...target, actualMs, holds: actualMs <= target.atMostMs, asked: false };
    });
  const place = (percentile: Percentile) => percentiles.indexOf(percentile);
  return [...asked, ...others].sort(
    (one, other) =>
      place(one.percentile) - place(other.percentile) || one.atMostMs - other.atMostMs,
  );
}
