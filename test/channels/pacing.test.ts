import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { paceMs } from "../../src/channels/pacing.ts";

const anyFanOutMs = fc.double({ min: 0, max: 1_000, noNaN: true });
const anyPerFrame = fc.double({ min: 0, max: 10_000, noNaN: true });
const anyCapMs = fc.nat(1_000);

describe("the wait between deliveries", () => {
  test("is none where the fan-out took no time", () => {
    fc.assert(
      fc.property(anyPerFrame, anyCapMs, (perFrame, capMs) => {
        expect(paceMs(0, perFrame, capMs)).toBe(0);
      }),
    );
  });

  test("is never longer than its cap, and never negative", () => {
    fc.assert(
      fc.property(anyFanOutMs, anyPerFrame, anyCapMs, (fanOutMs, perFrame, capMs) => {
        expect(paceMs(fanOutMs, perFrame, capMs)).toBeGreaterThanOrEqual(0);
        expect(paceMs(fanOutMs, perFrame, capMs)).toBeLessThanOrEqual(capMs);
      }),
    );
  });

  test("grows with what the fan-out took and with the messages in a frame, up to the cap", () => {
    fc.assert(
      fc.property(
        ...[anyFanOutMs, anyFanOutMs, anyPerFrame, anyPerFrame, anyCapMs],
        (some, more, few, further, capMs) => {
          const shortest = paceMs(some, few, capMs);
          expect(paceMs(some + more, few, capMs)).toBeGreaterThanOrEqual(shortest);
          expect(paceMs(some, few + further, capMs)).toBeGreaterThanOrEqual(shortest);
        },
      ),
    );
    expect(paceMs(1_000, 1, 20)).toBe(20);
  });

  test("leaves fan-out half of the time with single messages, a fifth with many", () => {
    expect(paceMs(2, 1, 1_000)).toBe(2);
    expect(paceMs(2, 3, 1_000)).toBe(6);
    expect(paceMs(2, 500, 1_000)).toBe(8);
  });

  test("is none where pacing is turned off", () => {
    fc.assert(
      fc.property(anyFanOutMs, anyPerFrame, (fanOutMs, perFrame) => {
        expect(paceMs(fanOutMs, perFrame, 0)).toBe(0);
      }),
    );
  });
});
