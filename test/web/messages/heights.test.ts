import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Heights, type Span } from "../../../src/web/chat/messages/heights.ts";

const span = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: -1, max: 40 }))
  .map(([first, more]): Span => ({ first, last: first + more }));
const step = fc.oneof(
  fc.record({ kind: fc.constant("cover" as const), span }),
  fc.record({
    kind: fc.constant("measured" as const),
    seq: fc.integer({ min: 1, max: 100 }),
    px: fc.integer({ min: 1, max: 400 }).map((quarters) => quarters / 4),
  }),
);

describe("the heights of rows", () => {
  test("stand where adding them up one by one puts them", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
        const heights = new Heights();
        let known = new Map<number, number>();
        let now: Span = { first: 1, last: 0 };
        for (const step of steps) {
          if (step.kind === "cover") {
            heights.cover(step.span);
            now = step.span;
            known = new Map([...known].filter(([seq]) => seq >= now.first && seq <= now.last));
          } else {
            heights.measured(step.seq, step.px);
            if (step.seq >= now.first && step.seq <= now.last) known.set(step.seq, step.px);
          }
          const mean =
            known.size === 0 ? 32 : [...known.values()].reduce((a, b) => a + b) / known.size;
          let top = 0;
          for (let seq = now.first; seq <= now.last; seq++) {
            const px = known.get(seq) ?? mean;
            expect(heights.topOf(seq)).toBeCloseTo(top, 6);
            expect(heights.at(top + px / 2)).toBe(seq);
            top += px;
          }
          expect(heights.totalPx).toBeCloseTo(top, 6);
          expect(heights.topOf(now.last + 1)).toBeCloseTo(top, 6);
        }
      }),
    );
  });

  test("give the rows that are seen, cut ones included, and never others", () => {
    const heights = new Heights();
    heights.cover({ first: 10, last: 13 });
    for (let seq = 10; seq <= 13; seq++) heights.measured(seq, 100);
    expect(heights.between(150, 250)).toEqual({ first: 11, last: 12 });
    expect(heights.between(-50, 20)).toEqual({ first: 10, last: 10 });
    expect(heights.between(390, 9000)).toEqual({ first: 13, last: 13 });
  });

  test("of no rows are no rows", () => {
    const heights = new Heights();
    heights.cover({ first: 5, last: 4 });
    expect(heights.totalPx).toBe(0);
    expect(heights.between(0, 500)).toEqual({ first: 5, last: 4 });
  });

  test("keep what was measured when the run slides", () => {
    const heights = new Heights();
    heights.cover({ first: 101, last: 200 });
    for (let seq = 101; seq <= 200; seq++) heights.measured(seq, seq);
    heights.cover({ first: 51, last: 150 });
    expect(heights.topOf(151) - heights.topOf(150)).toBe(150);
    expect(heights.topOf(102) - heights.topOf(101)).toBe(101);
  });
});
