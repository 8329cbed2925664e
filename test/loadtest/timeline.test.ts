import { describe, expect, test } from "bun:test";
import type { SecondReport } from "../../loadtest/tester/messages.ts";
import { Tally } from "../../loadtest/tester/tally.ts";
import { Timeline } from "../../loadtest/timeline.ts";

function counts(...latenciesUs: number[]) {
  const tally = new Tally();
  for (const us of latenciesUs) tally.add(us);
  return tally.take();
}

function report(second: number, rest: Partial<SecondReport>): SecondReport {
  const none = counts();
  return {
    ...{ second, connected: 0, arrived: 0, gone: 0, messagesSent: 0, messagesAcknowledged: 0 },
    ...{ deliveries: 0, joins: 0, leaves: 0, signIns: 0, reconnects: 0, errors: {} },
    ...{ cpuUs: 0, wallUs: 1_000_000, ack: none, delivery: none, signIn: none, resume: none },
    lateness: none,
    ...rest,
  };
}

describe("the timeline", () => {
  test("adds up what two testers tell of a second, once both have told", () => {
    const closed: number[] = [];
    const timeline = new Timeline(4, 2, false, ({ deliveries }) => closed.push(deliveries));
    timeline.report(0, report(0, { deliveries: 3, cpuUs: 250_000, errors: { RATE_LIMITED: 1 } }));
    expect(closed).toEqual([]);
    timeline.report(1, report(0, { deliveries: 4, cpuUs: 500_000, errors: { RATE_LIMITED: 2 } }));
    expect(closed).toEqual([7]);
    expect(timeline.seconds[0]).toMatchObject({ deliveries: 7, testerLoad: 0.75 });
    expect(timeline.errors).toEqual({ RATE_LIMITED: 3 });
    expect(timeline.totals.deliveries).toBe(7);
  });

  test("does not wait for a tester that is done", () => {
    const timeline = new Timeline(4, 2, false, () => {});
    timeline.report(0, report(0, {}));
    timeline.done(1);
    timeline.report(0, report(1, {}));
    expect(timeline.seconds).toHaveLength(2);
  });

  test("counts as plateau the seconds in which everybody was there from beginning to end", () => {
    const timeline = new Timeline(2, 1, false, () => {});
    const seconds = [
      { arrived: 1, delivery: counts(1000) },
      { arrived: 2, delivery: counts(2000) },
      { arrived: 2, delivery: counts(3000), deliveries: 10 },
      { arrived: 2, delivery: counts(3000), deliveries: 20 },
      { arrived: 2, gone: 1, delivery: counts(9000) },
    ];
    for (const [second, rest] of seconds.entries()) timeline.report(0, report(second, rest));
    const plateau = timeline.plateau();
    expect(plateau?.latencies.delivery).toMatchObject({ count: 2, max: 3.001 });
    expect(plateau?.deliveriesPerSecond).toBe(15);
    expect(timeline.whole().latencies.delivery.count).toBe(5);
  });

  test("has no plateau while everybody is held", () => {
    const timeline = new Timeline(1, 1, true, () => {});
    for (let second = 0; second < 3; second++) timeline.report(0, report(second, { arrived: 1 }));
    expect(timeline.plateau()).toBeNull();
    timeline.released(3);
    timeline.report(0, report(3, { arrived: 1 }));
    expect(timeline.plateau()).toBeNull();
    timeline.report(0, report(4, { arrived: 1 }));
    expect(timeline.plateau()).not.toBeNull();
  });

  test("takes the busiest tester apart from all of them together", () => {
    const timeline = new Timeline(2, 2, false, () => {});
    timeline.report(0, report(0, { cpuUs: 900_000 }));
    timeline.report(1, report(0, { cpuUs: 300_000 }));
    const { testerLoad, busiestTesterLoad } = timeline.whole();
    expect(testerLoad).toBeCloseTo(1.2);
    expect(busiestTesterLoad).toBeCloseTo(0.9);
  });
});
