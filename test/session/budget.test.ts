import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Budgets, TokenBucket, UserBudget } from "../../src/session/budget.ts";

/** How many of `count` single takes at this moment are granted. */
function granted(bucket: TokenBucket, nowMs: number, count: number): number {
  return Array.from({ length: count }, () => bucket.take(nowMs)).filter((waitMs) => waitMs === 0)
    .length;
}

describe("a token bucket", () => {
  test("grants its burst at once, and not one more", () => {
    expect(granted(new TokenBucket(10, 60, 0), 0, 100)).toBe(60);
  });

  test("grants its rate after that, and never saves up more than the burst", () => {
    const bucket = new TokenBucket(10, 5, 0);
    granted(bucket, 0, 5);
    expect(granted(bucket, 99, 9)).toBe(0);
    expect(granted(bucket, 100, 9)).toBe(1);
    expect(granted(bucket, 400, 9)).toBe(3);
    expect(granted(bucket, 3_600_000, 99)).toBe(5);
  });

  test("says how long to wait, and keeps its word", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 100 }),
        fc.array(fc.nat(500), { maxLength: 50 }),
        (perSecond, burst, pausesMs) => {
          const bucket = new TokenBucket(perSecond, burst, 0);
          let nowMs = 0;
          for (const pauseMs of pausesMs) {
            nowMs += pauseMs;
            const waitMs = bucket.take(nowMs);
            expect(Number.isInteger(waitMs) && waitMs >= 0).toBe(true);
            if (waitMs === 0) continue;
            // Refused ones take nothing, so asking in between costs nothing.
            bucket.take(nowMs + waitMs / 2);
            nowMs += waitMs;
            expect(bucket.take(nowMs)).toBe(0);
          }
        },
      ),
      // Thousandths of a second that add up to a little less than they should.
      { examples: [[1, 2, [0, 33, 187]]] },
    );
  });

  test("grants in any time no more than its burst and what the time brings", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.record({ pauseMs: fc.nat(200), asked: fc.nat(20) }), { maxLength: 60 }),
        (perSecond, burst, rounds) => {
          const bucket = new TokenBucket(perSecond, burst, 0);
          let nowMs = 0;
          let total = 0;
          for (const { pauseMs, asked } of rounds) {
            nowMs += pauseMs;
            total += granted(bucket, nowMs, asked);
            // To within what rounding in floating point may add.
            expect(total).toBeLessThanOrEqual(burst + (nowMs * perSecond) / 1000 + 1e-6);
          }
        },
      ),
    );
  });

  test("takes several tokens at once, all or none", () => {
    const bucket = new TokenBucket(10, 25, 0);
    expect([bucket.take(0, 10), bucket.take(0, 10)]).toEqual([0, 0]);
    expect(bucket.take(0, 10)).toBe(500);
    expect(bucket.take(0, 5)).toBe(0);
  });

  test("begins full at whatever time its clock has", () => {
    expect(granted(new TokenBucket(10, 3, 123_456_789), 123_456_789, 9)).toBe(3);
  });
});

const limits = {
  messagesPerSecond: 1,
  messageBurst: 2,
  commandsPerSecond: 10,
  commandBurst: 4,
  newChannelsPerHour: 3,
  refusalsBeforeClose: 5,
};

test("a user's messages, other commands and new channels have budgets of their own", () => {
  const budget = new UserBudget(limits, 0);
  expect(granted(budget.messages, 0, 9)).toBe(2);
  expect(granted(budget.commands, 0, 9)).toBe(4);
  expect(granted(budget.newChannels, 0, 9)).toBe(3);
  expect(granted(budget.refusals, 0, 9)).toBe(5);
  expect(granted(budget.messages, 1_000, 9)).toBe(1);
  expect(granted(budget.commands, 1_000, 9)).toBe(4);
  expect(granted(budget.newChannels, 20 * 60_000, 9)).toBe(1);
});

describe("the budgets of all users", () => {
  test("are one for each account, whatever its connections do", () => {
    const budgets = new Budgets(limits, () => 0);
    expect(budgets.of(1)).toBe(budgets.of(1));
    expect(granted(budgets.of(1).messages, 0, 9)).toBe(2);
    expect(granted(budgets.of(1).messages, 0, 9)).toBe(0);
    expect(granted(budgets.of(2).messages, 0, 9)).toBe(2);
  });

  test("are forgotten only when they are full again, so that nobody gains by it", () => {
    let nowMs = 0;
    const budgets = new Budgets(limits, () => nowMs);
    const spent = budgets.of(1);
    spent.messages.take(nowMs);
    const full = budgets.of(2);
    budgets.prune();
    expect(budgets.of(1)).toBe(spent);
    expect(budgets.of(2)).not.toBe(full);
    nowMs = 1_000;
    budgets.prune();
    expect(budgets.of(1)).not.toBe(spent);
    expect(granted(budgets.of(1).messages, nowMs, 9)).toBe(2);
  });
});
