import { expect, test } from "bun:test";
import fc from "fast-check";
import { addCounts, latencyOf, newHistogram } from "../../loadtest/percentiles.ts";
import { Tally } from "../../loadtest/tester/tally.ts";

test("a tally gives the histogram that recording each value would have given", () => {
  const latency = fc.oneof(
    fc.integer({ min: 0, max: 5000 }),
    fc.integer({ min: 0, max: 2_000_000 }),
    fc.integer({ min: 0, max: 0x7fffffff }),
  );
  fc.assert(
    fc.property(fc.array(latency, { minLength: 1, maxLength: 200 }), (latencies) => {
      const direct = newHistogram();
      const tally = new Tally();
      for (const us of latencies) {
        direct.recordValue(us);
        tally.add(us);
      }
      const tallied = newHistogram();
      addCounts(tallied, tally.take());
      expect(latencyOf(tallied)).toEqual(latencyOf(direct));
      expect(tally.take()).toHaveLength(0);
    }),
  );
});

test("what is out of range counts as the nearest that is not", () => {
  const tally = new Tally();
  tally.add(-5);
  tally.add(1e12);
  const histogram = newHistogram();
  addCounts(histogram, tally.take());
  expect(histogram.totalCount).toBe(2);
  expect(histogram.minNonZeroValue).toBeGreaterThan(2e9);
});
