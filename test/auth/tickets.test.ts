import { describe, expect, test } from "bun:test";
import { Tickets } from "../../src/auth/tickets.ts";

const LIFE_MS = 30_000;
const HERE = "https://chat.example.org";

function ticketsWithClock(most?: number) {
  const clock = { ms: 1_000_000 };
  return { clock, tickets: new Tickets(LIFE_MS, () => clock.ms, most) };
}

const ada = { accountId: 1, sessionId: "a", epoch: 0 };
const bob = { accountId: 2, sessionId: "b", epoch: 3 };

describe("a ticket", () => {
  test("is 32 random bytes in base64url", () => {
    const { tickets } = ticketsWithClock();
    expect(tickets.issue(ada, HERE)).toMatch(/^[\w-]{43}$/);
    expect(tickets.issue(ada, HERE)).not.toBe(tickets.issue(ada, HERE));
  });

  test("tells its session once", () => {
    const { tickets } = ticketsWithClock();
    const ticket = tickets.issue(ada, HERE);
    expect(tickets.redeem(ticket, HERE)).toEqual(ada);
    expect(tickets.redeem(ticket, HERE)).toBeUndefined();
    expect(tickets.size).toBe(0);
  });

  test.each<[string | null, string | null]>([
    [HERE, "https://other.example.org"],
    [HERE, "http://chat.example.org"],
    [HERE, null],
    [null, HERE],
  ])("issued to %p is used up without use by %p", (asked, offered) => {
    const { tickets } = ticketsWithClock();
    const ticket = tickets.issue(ada, asked);
    expect(tickets.redeem(ticket, offered)).toBeUndefined();
    expect(tickets.redeem(ticket, asked)).toBeUndefined();
    expect(tickets.size).toBe(0);
  });

  test("is void when its time is over", () => {
    const { clock, tickets } = ticketsWithClock();
    const [early, late] = [tickets.issue(ada, HERE), tickets.issue(ada, HERE)];
    clock.ms += LIFE_MS - 1;
    expect(tickets.redeem(early, HERE)).toEqual(ada);
    clock.ms += 1;
    expect(tickets.redeem(late, HERE)).toBeUndefined();
  });

  test("is void when its session ends, and others' are not", () => {
    const { tickets } = ticketsWithClock();
    const [hers, his] = [tickets.issue(ada, HERE), tickets.issue(bob, null)];
    tickets.endSession(ada.sessionId);
    expect(tickets.redeem(hers, HERE)).toBeUndefined();
    expect(tickets.redeem(his, null)).toEqual(bob);
  });

  test("pushes out the oldest of its session beyond four", () => {
    const { tickets } = ticketsWithClock();
    const his = tickets.issue(bob, HERE);
    const hers = Array.from({ length: 5 }, () => tickets.issue(ada, HERE));
    expect(hers.map((ticket) => tickets.redeem(ticket, HERE) !== undefined)).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
    expect(tickets.redeem(his, HERE)).toEqual(bob);
  });

  test("pushes out the oldest of all beyond the bound", () => {
    const { tickets } = ticketsWithClock(3);
    const issued = ["a", "b", "c", "d"].map((sessionId) =>
      tickets.issue({ ...ada, sessionId }, HERE),
    );
    expect(tickets.size).toBe(3);
    expect(issued.map((ticket) => tickets.redeem(ticket, HERE)?.sessionId)).toEqual([
      undefined,
      "b",
      "c",
      "d",
    ]);
  });

  test("that nobody used is forgotten", () => {
    const { clock, tickets } = ticketsWithClock();
    for (let n = 0; n < 100; n += 1) tickets.issue({ ...ada, sessionId: String(n) }, HERE);
    clock.ms += LIFE_MS;
    tickets.issue(ada, HERE);
    expect(tickets.size).toBe(1);
  });
});
