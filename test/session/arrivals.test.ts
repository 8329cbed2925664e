import { describe, expect, test } from "bun:test";
import { FairLane } from "../../src/auth/fair_lane.ts";
import { Arrivals } from "../../src/session/arrivals.ts";

/** A door whose clock is the test's: each arrival takes `costMs` of it. */
function door({ queue = 1000, costMs = 0.25 } = {}) {
  let nowMs = 1000;
  let due: { atMs: number; run: () => void } | undefined;
  let soon: (() => void) | undefined;
  const entered: number[] = [];
  const turnedAway: { who: number; retryAfterMs: number }[] = [];
  const gone = new Set<number>();
  const arrivals = new Arrivals({
    queue,
    line: new FairLane(),
    clockMs: () => nowMs,
    random: () => 0.5,
    after: (delayMs, run) => {
      if (due !== undefined) throw new Error("two turns are due");
      due = { atMs: nowMs + delayMs, run };
    },
    soon: (run) => {
      if (soon !== undefined) throw new Error("two are entering");
      soon = run;
    },
  });
  return {
    arrivals,
    entered,
    turnedAway,
    gone,
    now: () => nowMs,
    arrive: (who: number, network = "one") =>
      arrivals.admit({
        network: () => network,
        enter: () => {
          nowMs += costMs;
          entered.push(who);
          return "in";
        },
        turnAway: (retryAfterMs) => {
          turnedAway.push({ who, retryAfterMs });
          return "away";
        },
        isGone: () => gone.has(who),
      }),
    /** As `arrive`, for somebody whose entering goes on for `laterMs` after the call. */
    arriveWithPromise: (who: number, laterMs: number) =>
      arrivals.admit<Promise<string>>({
        async enter() {
          entered.push(who);
          await undefined;
          nowMs += laterMs;
          return "in";
        },
        turnAway: async () => "away",
        network: () => "one",
        isGone: () => gone.has(who),
      }),
    /** Lets the event loop turn, microtasks first. Returns whether anybody waited for that. */
    async eventLoopTurns() {
      await new Promise((resolve) => setImmediate(resolve));
      const next = soon;
      soon = undefined;
      next?.();
      return next !== undefined;
    },
    /** Lets the time come for the next turn, or `lateMs` later. */
    turn(lateMs = 0) {
      const next = due;
      due = undefined;
      if (next === undefined) return false;
      nowMs = Math.max(nowMs, next.atMs + lateMs);
      next.run();
      return true;
    },
  };
}

describe("those who arrive", () => {
  test("one by one go straight in", () => {
    const { arrive, turn, entered } = door();
    for (let who = 0; who < 50; who++) {
      expect(arrive(who)).toBe("in");
      turn();
    }
    expect(entered).toHaveLength(50);
  });

  test("together go in in the order of their coming, for a third of the time", async () => {
    const { arrive, turn, entered, arrivals, now } = door();
    const beganMs = now();
    const answers = Array.from({ length: 400 }, (_, who) => arrive(who));
    expect(arrivals.waiting).toBe(400 - entered.length);
    while (arrivals.waiting > 0) turn();
    expect(entered).toEqual(Array.from({ length: 400 }, (_, who) => who));
    expect(new Set(await Promise.all(answers))).toEqual(new Set(["in"]));
    const share = (400 * 0.25) / (now() - beganMs);
    expect(share).toBeLessThan(0.4);
    expect(share).toBeGreaterThan(0.25);
  });

  test("at a busy server, whose turns come late, get more of each turn, up to a bound", () => {
    const { arrive, turn, entered } = door();
    for (let who = 0; who < 300; who++) arrive(who);
    turn();
    const counts = [0, 9, 21, 1000].map((lateMs) => {
      const before = entered.length;
      turn(lateMs);
      return entered.length - before;
    });
    expect(counts).toEqual([5, 17, 33, 40]);
  });

  test("never get in past those who wait already", () => {
    const { arrive, turn, entered } = door();
    for (let who = 0; who < 20; who++) arrive(who);
    turn();
    arrive(100);
    while (turn());
    expect(entered.at(-1)).toBe(100);
  });

  test("beyond the queue are sent away, with a time of their own to come back", () => {
    const { arrive, turnedAway, arrivals } = door({ queue: 10 });
    for (let who = 0; who < 20; who++) arrive(who);
    expect(arrivals.waiting).toBe(10);
    expect(turnedAway.map(({ who }) => who)).toEqual([14, 15, 16, 17, 18, 19]);
    expect(turnedAway[0]?.retryAfterMs).toBe(3000);
    expect(arrive(99)).toBe("away");
  });

  test("and give up meanwhile cost nothing", async () => {
    const { arrive, turn, entered, gone } = door();
    const answers = Array.from({ length: 100 }, (_, who) => arrive(who));
    for (let who = 10; who < 100; who++) gone.add(who);
    while (turn());
    expect(entered).toHaveLength(10);
    expect((await Promise.all(answers)).filter((answer) => answer === "away")).toHaveLength(90);
  });

  test("and waited too long are sent away", async () => {
    const { arrive, turn, turnedAway } = door();
    const answers = Array.from({ length: 10 }, (_, who) => arrive(who));
    turn(6000);
    expect(turnedAway.length).toBeGreaterThan(0);
    expect(await answers.at(-1)).toBe("away");
  });
});

describe("networks take turns", () => {
  test("so who comes after a crowd from one address is let in with its next", () => {
    const { arrive, turn, entered } = door();
    for (let who = 0; who < 500; who++) arrive(who);
    const before = entered.length;
    arrive(1000, "two");
    arrive(1001, "three");
    turn();
    expect(entered.slice(before, before + 3)).toEqual([before, 1000, 1001]);
  });

  test("and make room for one another in a full line, from the one that has most in it", async () => {
    const { arrive, turn, turnedAway, entered, arrivals } = door({ queue: 10 });
    const answers = Array.from({ length: 30 }, (_, who) => arrive(who));
    const last = arrivals.waiting + entered.length - 1;
    turnedAway.length = 0;
    for (let who = 100; who < 105; who++) arrive(who, "two");
    expect(turnedAway.map(({ who }) => who)).toEqual([
      last,
      last - 1,
      last - 2,
      last - 3,
      last - 4,
    ]);
    expect(await answers[last]).toBe("away");
    // They have half of it each.
    expect(arrive(105, "two")).toBe("away");
    expect(arrive(30)).toBe("away");
    expect(arrivals.waiting).toBe(10);
    while (turn());
    expect(entered.filter((who) => who >= 100)).toEqual([100, 101, 102, 103, 104]);
  });

  test("but where nobody may wait, nobody is displaced", () => {
    const { arrive, turnedAway, arrivals } = door({ queue: 0 });
    for (let who = 0; who < 10; who++) arrive(who, `network ${who}`);
    expect(arrivals.waiting).toBe(0);
    expect(turnedAway.at(-1)?.who).toBe(9);
  });
});

test("what fails behind the door fails for the one who entered alone", async () => {
  const { arrivals, arrive, turn, entered } = door();
  for (let who = 0; who < 4; who++) arrive(who);
  const broken = arrivals.admit<string>({
    enter: () => {
      throw new Error("broken");
    },
    turnAway: () => "away",
    network: () => "one",
    isGone: () => false,
  });
  arrive(5);
  while (turn());
  await expect(broken).rejects.toThrow("broken");
  expect(entered).toEqual([0, 1, 2, 3, 5]);
});

describe("those whose entering goes on with a promise", () => {
  test("are charged for that, too, and go in one by one", async () => {
    const { arriveWithPromise, arrivals, entered, eventLoopTurns, turn } = door({ costMs: 0 });
    const answers = [0, 1, 2, 3, 4, 5].map((who) => arriveWithPromise(who, 0.6));
    expect(entered).toEqual([0]);
    await eventLoopTurns();
    expect(entered).toEqual([0, 1]);
    // Both together have had more than a third of the turn by now.
    await eventLoopTurns();
    expect(await eventLoopTurns()).toBe(false);
    expect(entered).toEqual([0, 1]);
    turn();
    expect(entered).toEqual([0, 1, 2]);
    while (arrivals.waiting > 0) {
      await eventLoopTurns();
      turn();
    }
    expect(await Promise.all(answers)).toEqual(Array.from(answers, () => "in"));
    expect(entered).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("keep out those who come while they are on the way", async () => {
    const { arrive, arriveWithPromise, entered, eventLoopTurns } = door({ costMs: 0.1 });
    void arriveWithPromise(0, 0.1);
    const next = arrive(1);
    expect(entered).toEqual([0]);
    await eventLoopTurns();
    expect(entered).toEqual([0, 1]);
    expect(await next).toBe("in");
  });
});
