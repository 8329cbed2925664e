import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Pacing } from "../../src/channels/pacing.ts";

const anyFanOutMs = fc.double({ min: 0, max: 1_000, noNaN: true });
const anyPerFrame = fc.double({ min: 0, max: 10_000, noNaN: true });
const anyBatch = fc.tuple(anyFanOutMs, anyPerFrame);
const anyBatches = fc.array(anyBatch, { minLength: 1, maxLength: 50 });

/** The wait once the same batch has come often enough for the average to be there. */
function steadyMs(fanOutMs: number, messagesPerFrame: number, capMs = 1_000): number {
  const pacing = new Pacing(capMs);
  let waitMs = 0;
  for (let batch = 0; batch < 100; batch++) waitMs = pacing.waitMs(fanOutMs, messagesPerFrame);
  return waitMs;
}

describe("the wait between deliveries", () => {
  test("is none where fan-out takes no time", () => {
    fc.assert(fc.property(anyPerFrame, (perFrame) => expect(steadyMs(0, perFrame)).toBe(0)));
  });

  test("is never longer than its cap, and never negative", () => {
    fc.assert(
      fc.property(anyBatches, fc.nat(1_000), (batches, capMs) => {
        const pacing = new Pacing(capMs);
        for (const [fanOutMs, perFrame] of batches) {
          const waitMs = pacing.waitMs(fanOutMs, perFrame);
          expect(waitMs).toBeGreaterThanOrEqual(0);
          expect(waitMs).toBeLessThanOrEqual(capMs);
        }
      }),
    );
  });

  test("leaves fan-out half of the time with single messages, a fifth with many", () => {
    expect(steadyMs(2, 1)).toBeCloseTo(2);
    expect(steadyMs(2, 3)).toBeCloseTo(6);
    expect(steadyMs(2, 500)).toBeCloseTo(8);
    expect(steadyMs(2, 500, 5)).toBe(5);
  });

  test("grows with what fan-out takes, within some batches", () => {
    const pacing = new Pacing(1_000);
    for (let batch = 0; batch < 50; batch++) pacing.waitMs(1, 1);
    for (let batch = 0; batch < 30; batch++) pacing.waitMs(25, 1);
    expect(pacing.waitMs(25, 1)).toBeCloseTo(25, 0);
  });

  test("is hardly longer because the machine stood still once", () => {
    const pacing = new Pacing(1_000);
    for (let batch = 0; batch < 50; batch++) pacing.waitMs(2, 1);
    expect(pacing.waitMs(500, 1)).toBeLessThan(3);
    for (let batch = 0; batch < 20; batch++) pacing.waitMs(2, 1);
    expect(pacing.waitMs(2, 1)).toBeCloseTo(2, 1);
  });

  test("is none where pacing is turned off", () => {
    fc.assert(
      fc.property(anyBatches, (batches) => {
        const pacing = new Pacing(0);
        for (const [fanOutMs, perFrame] of batches)
          expect(pacing.waitMs(fanOutMs, perFrame)).toBe(0);
      }),
    );
  });
});
