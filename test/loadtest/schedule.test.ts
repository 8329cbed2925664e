import { expect, test } from "bun:test";
import { nowUs } from "../../loadtest/tester/clock.ts";
import { seededRandom } from "../../loadtest/tester/random.ts";
import { Schedule } from "../../loadtest/tester/schedule.ts";

test("things run in the order they are due, none before its time, each told its due time", async () => {
  const schedule = new Schedule();
  const random = seededRandom(1, 1);
  const beganUs = nowUs();
  const dues = Array.from({ length: 300 }, () => beganUs + Math.floor(random() * 50_000));
  const ran: number[] = [];
  const early: number[] = [];
  const last = Promise.withResolvers<void>();
  for (const due of dues) {
    schedule.at(due, (dueUs) => {
      ran.push(dueUs);
      if (nowUs() < dueUs) early.push(dueUs);
      if (ran.length === dues.length) last.resolve();
    });
  }
  await last.promise;
  schedule.stop();
  expect(ran).toEqual(dues.toSorted((a, b) => a - b));
  expect(early).toEqual([]);
});

test("a busy process shows in the lateness, and what was late runs all the same", async () => {
  const schedule = new Schedule();
  const done = Promise.withResolvers<void>();
  const BLOCKED_US = 60_000;
  const blockUntilUs = nowUs() + BLOCKED_US;
  schedule.at(nowUs() + 1000, () => done.resolve());
  while (nowUs() < blockUntilUs);
  await done.promise;
  schedule.stop();
  const pairs = [...schedule.lateness.take()];
  const latest = Math.max(...pairs.filter((_, index) => index % 2 === 0));
  // The cells of the tally are accurate to a thousandth.
  expect(latest).toBeGreaterThan(0.99 * (BLOCKED_US - 1000));
});
