import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { paceMs } from "../../src/channels/pacing.ts";

const anyFanOutMs = fc.double({ min: 0, max: 1_000, noNaN: true });
const anyCapMs = fc.nat(1_000);

describe("the wait between deliveries", () => {
  test("is none where the fan-out took no time", () => {
    fc.assert(fc.property(anyCapMs, (capMs) => expect(paceMs(0, capMs)).toBe(0)));
  });

  test("is never longer than its cap, and never negative", () => {
    fc.assert(
      fc.property(anyFanOutMs, anyCapMs, (fanOutMs, capMs) => {
        expect(paceMs(fanOutMs, capMs)).toBeGreaterThanOrEqual(0);
        expect(paceMs(fanOutMs, capMs)).toBeLessThanOrEqual(capMs);
      }),
    );
  });

  test("grows with what the fan-out took, up to the cap", () => {
    fc.assert(
      fc.property(anyFanOutMs, anyFanOutMs, anyCapMs, (some, more, capMs) => {
        expect(paceMs(some + more, capMs)).toBeGreaterThanOrEqual(paceMs(some, capMs));
      }),
    );
    expect(paceMs(1_000_000, 20)).toBe(20);
  });

  test("leaves fan-out a ninth of the time, as long as the cap allows", () => {
    const fanOutMs = 2;
    expect(fanOutMs / (fanOutMs + paceMs(fanOutMs, 1_000))).toBeCloseTo(1 / 9, 5);
  });

  test("is none where pacing is turned off", () => {
    expect(paceMs(1_000_000, 0)).toBe(0);
  });
});
