import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { paceMs } from "../../src/channels/pacing.ts";

const anyWrites = fc.nat(1_000_000);
const anyCapMs = fc.nat(1_000);

describe("the wait between deliveries", () => {
  test("is none where nobody was delivered to", () => {
    fc.assert(fc.property(anyCapMs, (capMs) => expect(paceMs(0, capMs)).toBe(0)));
  });

  test("is never longer than its cap, and never negative", () => {
    fc.assert(
      fc.property(anyWrites, anyCapMs, (writes, capMs) => {
        expect(paceMs(writes, capMs)).toBeGreaterThanOrEqual(0);
        expect(paceMs(writes, capMs)).toBeLessThanOrEqual(capMs);
      }),
    );
  });

  test("grows with the sockets that were written to, up to the cap", () => {
    fc.assert(
      fc.property(anyWrites, anyWrites, anyCapMs, (some, more, capMs) => {
        expect(paceMs(some + more, capMs)).toBeGreaterThanOrEqual(paceMs(some, capMs));
      }),
    );
    expect(paceMs(1_000_000, 20)).toBe(20);
  });

  test("is next to none for a conversation of few, whom it would only hold up", () => {
    expect(paceMs(10, 20)).toBeLessThan(0.5);
  });

  test("is none where pacing is turned off", () => {
    expect(paceMs(1_000_000, 0)).toBe(0);
  });
});
