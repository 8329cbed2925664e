import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Tier, tierSizes } from "../../src/monitor/history.ts";
import type { Merge } from "../../src/monitor/series.ts";

const merges: readonly Merge[] = ["mean", "max", "sum"];

interface Sample {
  readonly coversMs: number;
  /** One value for each of `merges`. */
  readonly values: readonly number[];
}

interface ModelRow {
  readonly atMs: number;
  readonly values: readonly number[];
}

/** What a tier should hold, the long way: all samples kept, and each row merged at once. */
function modelRows(stepSeconds: number, samples: readonly Sample[]): ModelRow[] {
  const rows: ModelRow[] = [];
  let atMs = 0;
  let open: Sample[] = [];
  for (const sample of samples) {
    atMs += sample.coversMs;
    open.push(sample);
    const covered = open.reduce((sum, { coversMs }) => sum + coversMs, 0);
    if (covered < stepSeconds * 1000 - 500) continue;
    rows.push({ atMs, values: merges.map((merge, column) => merged(merge, column, open)) });
    open = [];
  }
  return rows;
}

function merged(merge: Merge, column: number, samples: readonly Sample[]): number {
  const known = samples
    .map(({ values, coversMs }) => ({ value: values[column] as number, coversMs }))
    .filter(({ value }) => !Number.isNaN(value));
  if (known.length === 0) return Number.NaN;
  const values = known.map(({ value }) => value);
  const sum = (numbers: number[]) => numbers.reduce((one, other) => one + other, 0);
  if (merge === "max") return Math.max(...values);
  if (merge === "sum") return sum(values);
  const weighted = sum(known.map(({ value, coversMs }) => value * coversMs));
  return weighted / sum(known.map(({ coversMs }) => coversMs));
}

const anySample: fc.Arbitrary<Sample> = fc.record({
  coversMs: fc.integer({ min: 1, max: 4000 }),
  values: fc.tuple(
    ...merges.map(() =>
      fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: 0, max: 1000 }) },
        fc.constant(Number.NaN),
      ),
    ),
  ),
});

describe("a tier of history", () => {
  test("holds the last rows of any samples, merged as each column says", () => {
    fc.assert(
      fc.property(
        fc.array(anySample, { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 8 }),
        fc.nat({ max: 70 }),
        fc.integer({ min: 1, max: 10 }),
        (samples, stepSeconds, capacity, after, limit) => {
          const tier = new Tier({ stepSeconds, rows: capacity }, merges);
          let atMs = 0;
          for (const { coversMs, values } of samples) {
            atMs += coversMs;
            tier.add(atMs, coversMs, values);
          }
          const all = modelRows(stepSeconds, samples);
          expect(tier.newest).toBe(all.length);
          const oldest = Math.max(1, all.length - capacity + 1);
          const first = Math.max(oldest, after + 1);
          const expected = all.slice(first - 1, first - 1 + limit);

          const rows = tier.rows(after, limit);
          expect(rows.count).toBe(expected.length);
          expect(rows.first).toBe(first);
          expect(rows.more).toBe(first - 1 + expected.length < all.length);
          expect(rows.timesMs()).toEqual(expected.map((row) => row.atMs));
          merges.forEach((_, column) => {
            const told = rows.column(column);
            expected.forEach(({ values }, index) => {
              const value = values[column] as number;
              if (Number.isNaN(value)) expect(told[index]).toBeNaN();
              else expect(told[index]).toBeCloseTo(value, 1);
            });
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  test("takes the same memory full as empty", () => {
    const tier = new Tier({ stepSeconds: 1, rows: 10 }, merges);
    const { bytes } = tier;
    for (let second = 1; second <= 100; second++) tier.add(second * 1000, 1000, [1, 2, 3]);
    expect(tier.bytes).toBe(bytes);
    expect(tier.rows(0, 1000)).toMatchObject({ first: 91, count: 10, more: false });
  });

  test("gives one row a sample to the step of samples, though timers come early or late", () => {
    const tier = new Tier({ stepSeconds: 1, rows: 10 }, merges);
    let atMs = 0;
    for (const coversMs of [999, 1003, 998, 1400, 601]) {
      atMs += coversMs;
      tier.add(atMs, coversMs, [1, 1, 1]);
    }
    expect(tier.newest).toBe(5);
  });

  test("keeps ten minutes by the second, three hours by ten seconds, and a day by the minute", () => {
    const hours = tierSizes.map(({ stepSeconds, rows }) => (stepSeconds * rows) / 3600);
    expect(hours).toEqual([1 / 6, 3, 24]);
  });
});
