import { expect, test } from "bun:test";
import { SendBudget } from "../../src/client/send_budget.ts";
import { FakeServer } from "./fake_server.ts";
import { clientOf } from "./harness.ts";
import { ManualClock } from "./manual_clock.ts";

/** When each of `count` messages may go, in ms from now, if each goes as soon as it may. */
function times(budget: SendBudget, clock: ManualClock, count: number): number[] {
  const startMs = clock.nowMs();
  return Array.from({ length: count }, () => {
    for (let waitMs = budget.take(); waitMs > 0; waitMs = budget.take()) clock.advance(waitMs);
    return clock.nowMs() - startMs;
  });
}

test("a burst goes at once, and what follows at the server's rate", () => {
  const clock = new ManualClock();
  const budget = new SendBudget(clock);
  budget.limit(20, 3);
  expect(times(budget, clock, 6)).toEqual([0, 0, 0, 50, 100, 150]);
});

test("after a refusal nothing goes until its time is up, and then no burst", () => {
  const clock = new ManualClock();
  const budget = new SendBudget(clock);
  budget.limit(20, 60);
  budget.refused(700);
  expect(times(budget, clock, 3)).toEqual([700, 750, 800]);
});

test("a burst comes back with time, and no more than it", () => {
  const clock = new ManualClock();
  const budget = new SendBudget(clock);
  budget.limit(10, 2);
  times(budget, clock, 2);
  clock.advance(3_600_000);
  expect(times(budget, clock, 3)).toEqual([0, 0, 100]);
});

test("a client keeps to the server's rate without being refused for it", async () => {
  const clock = new ManualClock();
  await using server = new FakeServer();
  server.joined.add("general");
  server.limits = { messagesPerSecond: 10, messageBurst: 2 };
  const received: string[] = [];
  const arrival = { next: Promise.withResolvers<void>() };
  server.command = (_, __, command) => {
    if (command.case !== "send") return true;
    received.push(command.value.body);
    arrival.next.resolve();
    return true;
  };
  await using client = clientOf(server, { clock });
  await client.connect();
  const id = client.channels[0]?.id ?? 0;
  const sends = ["1", "2", "3"].map((body) => client.send(id, body));
  await Promise.all(sends.slice(0, 2));
  await client.listMembers(id).catch(() => {});
  expect(received).toEqual(["1", "2"]);
  arrival.next = Promise.withResolvers<void>();
  clock.advance(100);
  await arrival.next.promise;
  await sends[2];
  expect(received).toEqual(["1", "2", "3"]);
});
