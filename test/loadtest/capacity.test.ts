import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mostThatHeld, nextUsers, type Step } from "../../loadtest/climb.ts";
import { fitVolumeLaw } from "../../loadtest/volume_law.ts";

/** Climbs with a server that carries so many users. */
function climb(carries: number, from = 100, to = 10_000): Step[] {
  const steps: Step[] = [];
  for (;;) {
    const users = nextUsers({ from, to }, steps);
    if (users === undefined) return steps;
    steps.push({ users, holds: users <= carries });
  }
}

describe("the climb", () => {
  test("finds what the server carries within a twentieth, in few steps", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 9000 }), (carries) => {
        const steps = climb(carries);
        const most = mostThatHeld(steps);
        expect(most).toBeLessThanOrEqual(carries);
        expect(most).toBeGreaterThanOrEqual(Math.floor(carries * 0.94) - 1);
        expect(steps.length).toBeLessThan(20);
      }),
    );
  });

  test("ends at the highest number asked for, or where the first step does not hold", () => {
    expect(climb(1_000_000, 100, 300).map(({ users }) => users)).toEqual([100, 150, 225, 300]);
    expect(climb(10)).toEqual([{ users: 100, holds: false }]);
  });
});

describe("the volume law", () => {
  test("is found again where it holds", () => {
    const points = [10, 50, 200, 1000].map((users) => ({ users, volume: 0.1 * users ** 2 }));
    const law = fitVolumeLaw(points);
    expect(law?.factor).toBeCloseTo(0.1);
    expect(law?.exponent).toBeCloseTo(2);
  });

  test("is none where there are too few points", () => {
    expect(fitVolumeLaw([])).toBeNull();
    expect(fitVolumeLaw([{ users: 10, volume: 5 }])).toBeNull();
    expect(
      fitVolumeLaw([
        { users: 10, volume: 5 },
        { users: 10, volume: 6 },
      ]),
    ).toBeNull();
    expect(
      fitVolumeLaw([
        { users: 10, volume: 0 },
        { users: 20, volume: 6 },
      ]),
    ).toBeNull();
  });
});
