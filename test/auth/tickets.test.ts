import { describe, expect, test } from "bun:test";
import { Tickets } from "../../src/auth/tickets.ts";

const LIFE_MS = 30_000;

function ticketsWithClock(most?: number) {
  const clock = { ms: 1_000_000 };
  return { clock, tickets: new Tickets(LIFE_MS, () => clock.ms, most) };
}

const ada = { accountId: 1, sessionId: "a" };
const bob = { accountId: 2, sessionId: "b" };

describe("a ticket", () => {
  test("is 32 random bytes in base64url", () => {
    const { tickets } = ticketsWithClock();
    expect(tickets.issue(ada)).toMatch(/^[\w-]{43}$/);
    expect(tickets.issue(ada)).not.toBe(tickets.issue(ada));
  });

  test("tells its session once", () => {
    const { tickets } = ticketsWithClock();
    const ticket = tickets.issue(ada);
    expect(tickets.redeem(ticket)).toEqual(ada);
    expect(tickets.redeem(ticket)).toBeUndefined();
    expect(tickets.size).toBe(0);
  });

  test("is void when its time is over", () => {
    const { clock, tickets } = ticketsWithClock();
    const [early, late] = [tickets.issue(ada), tickets.issue(ada)];
    clock.ms += LIFE_MS - 1;
    expect(tickets.redeem(early)).toEqual(ada);
    clock.ms += 1;
    expect(tickets.redeem(late)).toBeUndefined();
  });

  test("is void when its session ends, and others' are not", () => {
    const { tickets } = ticketsWithClock();
    const [hers, his] = [tickets.issue(ada), tickets.issue(bob)];
    tickets.endSession(ada.sessionId);
    expect(tickets.redeem(hers)).toBeUndefined();
    expect(tickets.redeem(his)).toEqual(bob);
  });

  test("pushes out the oldest of its session beyond four", () => {
    const { tickets } = ticketsWithClock();
    const his = tickets.issue(bob);
    const hers = Array.from({ length: 5 }, () => tickets.issue(ada));
    expect(hers.map((ticket) => tickets.redeem(ticket) !== undefined)).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
    expect(tickets.redeem(his)).toEqual(bob);
  });

  test("pushes out the oldest of all beyond the bound", () => {
    const { tickets } = ticketsWithClock(3);
    const issued = ["a", "b", "c", "d"].map((sessionId) =>
      tickets.issue({ accountId: 1, sessionId }),
    );
    expect(tickets.size).toBe(3);
    expect(issued.map((ticket) => tickets.redeem(ticket)?.sessionId)).toEqual([
      undefined,
      "b",
      "c",
      "d",
    ]);
  });

  test("that nobody used is forgotten", () => {
    const { clock, tickets } = ticketsWithClock();
    for (let n = 0; n < 100; n += 1) tickets.issue({ accountId: n, sessionId: String(n) });
    clock.ms += LIFE_MS;
    tickets.issue(ada);
    expect(tickets.size).toBe(1);
  });
});
