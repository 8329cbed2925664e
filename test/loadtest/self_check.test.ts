import { describe, expect, test } from "bun:test";
import { runCrew } from "./stub_run.ts";
import { type Fault, StubServer } from "./stub_server.ts";

/** Four users in one room, ten messages each, all together from the start. */
const few = { users: 4, actions: 10, between: 0.02, holdUntilConnected: true };
const MESSAGES = 40;
const VICTIM = "load_00002";

async function runWith(fault: Fault) {
  await using server = new StubServer();
  server.fault = fault;
  return await runCrew(server.url, few);
}

describe("the self-check", () => {
  test("finds nothing wrong with a server that delivers everything once and in order", async () => {
    const { integrity, deliveries, messagesSent, errors } = await runWith((message, _, deliver) =>
      deliver(message),
    );
    expect(integrity).toEqual({ lost: 0, doubled: 0, reordered: 0, examples: [] });
    expect({ deliveries, messagesSent }).toEqual({
      deliveries: 4 * MESSAGES,
      messagesSent: MESSAGES,
    });
    expect(errors).toEqual({});
  });

  test("catches one lost message, and names receiver, message and channel", async () => {
    const { integrity } = await runWith((message, receiver, deliver) => {
      if (receiver !== VICTIM || message.seq !== 7) deliver(message);
    });
    expect(integrity).toEqual({
      lost: 1,
      doubled: 0,
      reordered: 0,
      examples: [`${VICTIM} was never sent message 7 of test_0 (channel 1)`],
    });
  });

  test("catches messages lost at the very end, which no later one gives away", async () => {
    const { integrity } = await runWith((message, receiver, deliver) => {
      if (receiver !== VICTIM || message.seq <= MESSAGES - 2) deliver(message);
    });
    expect(integrity.lost).toBe(2);
    expect(integrity.examples).toEqual([
      `${VICTIM} was never sent messages 39 to 40 of test_0 (channel 1)`,
    ]);
  });

  test("catches one doubled message", async () => {
    const { integrity } = await runWith((message, receiver, deliver) => {
      deliver(message);
      if (receiver === VICTIM && message.seq === 9) deliver(message);
    });
    expect(integrity).toEqual({
      lost: 0,
      doubled: 1,
      reordered: 0,
      examples: [`${VICTIM} was sent message 9 of test_0 (channel 1) more than once`],
    });
  });

  test("catches two swapped messages", async () => {
    let held: (() => void) | undefined;
    const { integrity } = await runWith((message, receiver, deliver) => {
      if (receiver === VICTIM && message.seq === 12) {
        held = () => deliver(message);
        return;
      }
      deliver(message);
      if (receiver === VICTIM) {
        held?.();
        held = undefined;
      }
    });
    expect(integrity).toEqual({
      lost: 0,
      doubled: 0,
      reordered: 1,
      examples: [`${VICTIM} was sent message 12 of test_0 (channel 1) after message 13`],
    });
  });

  test("keeps ten examples and counts the rest", async () => {
    // Not the last ones: the run may be over before their doubles come.
    const doubled = MESSAGES / 2;
    const { integrity } = await runWith((message, _, deliver) => {
      deliver(message);
      if (message.seq <= doubled) deliver(message);
    });
    expect(integrity.doubled).toBe(4 * doubled);
    expect(integrity.examples).toHaveLength(10);
  });
});

describe("latency", () => {
  test("of a server that answers late is at least as late", async () => {
    await using server = new StubServer();
    server.delayMs = 80;
    const { delivery, ack, integrity } = await runCrew(server.url, few);
    expect(integrity.lost).toBe(0);
    // Timers may fire up to a millisecond early.
    expect(delivery.p50).toBeGreaterThan(78);
    expect(ack.p50).toBeGreaterThan(78);
  });

  test("shows a stall of two seconds, as if everybody had gone on acting on time", async () => {
    await using server = new StubServer();
    const STALL_MS = 2000;
    // Actions are due every 50 ms for 4 s, so half of them fall into the stall; of those, half wait
    // for more than half of it. A tester that waits for answers would have seen one slow message.
    const run = await runCrew(
      server.url,
      { users: 4, actions: 80, between: 0.05, startAfter: 0.2, holdUntilConnected: true },
      () => setTimeout(() => server.stall(STALL_MS), 1000),
    );
    expect(run.messagesSent).toBe(320);
    expect(run.integrity).toMatchObject({ lost: 0, doubled: 0, reordered: 0 });
    expect(run.delivery.max).toBeGreaterThan(0.9 * STALL_MS);
    expect(run.delivery.p90).toBeGreaterThan(0.6 * STALL_MS);
    expect(run.ack.p90).toBeGreaterThan(0.6 * STALL_MS);
  }, 20_000);
});
