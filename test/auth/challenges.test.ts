import { describe, expect, test } from "bun:test";
import { Challenges } from "../../src/auth/challenges.ts";
import { CONFIRMED_MS, Confirmations } from "../../src/auth/confirmations.ts";

const limits = { lifeMs: 1000, tries: 2, perHolder: 3, most: 10 };

function open(nowMs = 0) {
  const clock = { nowMs };
  return { clock, challenges: new Challenges<string>(limits, () => clock.nowMs) };
}

describe("challenges", () => {
  test("are random, and give back what they were issued with", () => {
    const { challenges } = open();
    const first = challenges.issue("first");
    const second = challenges.issue("second");
    expect(first).toMatch(/^[\w-]{43}$/);
    expect(challenges.claim(second)).toBe("second");
    expect(challenges.claim(first)).toBe("first");
  });

  test("are claimed by one at a time, and as often as there are tries", () => {
    const { challenges } = open();
    const challenge = challenges.issue("it");
    expect(challenges.claim(challenge)).toBe("it");
    expect(challenges.claim(challenge)).toBeUndefined();
    challenges.release(challenge);
    expect(challenges.claim(challenge)).toBe("it");
    challenges.release(challenge);
    expect(challenges.claim(challenge)).toBeUndefined();
    expect(challenges.size).toBe(0);
  });

  test("are void once they are answered or too old", () => {
    const { clock, challenges } = open();
    const answered = challenges.issue("answered");
    challenges.end(answered);
    challenges.release(answered);
    expect(challenges.claim(answered)).toBeUndefined();
    const old = challenges.issue("old");
    clock.nowMs = 999;
    expect(challenges.claim(old)).toBe("old");
    challenges.release(old);
    clock.nowMs = 1000;
    expect(challenges.claim(old)).toBeUndefined();
    expect(challenges.size).toBe(0);
  });

  test("of one holder push out that holder's oldest, and nobody else's", () => {
    const { challenges } = open();
    const others = challenges.issue("other", 2);
    const mine = [1, 2, 3, 4].map((number) => challenges.issue(String(number), 1));
    expect(mine.map((challenge) => challenges.claim(challenge))).toEqual([
      undefined,
      "2",
      "3",
      "4",
    ]);
    expect(challenges.claim(others)).toBe("other");
  });

  test("are never more than so many, and the old ones are forgotten", () => {
    const { clock, challenges } = open();
    for (let holder = 0; holder < 50; holder++) challenges.issue("some", holder);
    expect(challenges.size).toBe(10);
    clock.nowMs = 2000;
    challenges.issue("new");
    expect(challenges.size).toBe(1);
  });
});

describe("confirmations", () => {
  test("hold for minutes, for one session, and for what they were made with", () => {
    let nowMs = 0;
    const confirmations = new Confirmations(() => nowMs);
    confirmations.confirm("by password", false);
    confirmations.confirm("by factor", true);
    const held = () =>
      ["by password", "by factor", "never"].map((session) =>
        [false, true].map((withFactor) => confirmations.isConfirmed(session, withFactor)),
      );
    const both = [
      [true, false],
      [true, true],
      [false, false],
    ];
    expect(held()).toEqual(both);
    nowMs = CONFIRMED_MS - 1;
    expect(held()).toEqual(both);
    nowMs = CONFIRMED_MS;
    expect(held().flat()).not.toContain(true);
    confirmations.confirm("again", true);
    confirmations.endSession("again");
    expect(confirmations.isConfirmed("again", false)).toBe(false);
  });

  test("are never more than so many", () => {
    const confirmations = new Confirmations(() => 0, 2);
    for (const session of ["a", "b", "c"]) confirmations.confirm(session, true);
    const held = ["a", "b", "c"].map((session) => confirmations.isConfirmed(session, true));
    expect(held).toEqual([false, true, true]);
  });
});
