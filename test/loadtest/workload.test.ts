import { describe, expect, test } from "bun:test";
import { profileOf } from "../../loadtest/profiles.ts";
import { seededRandom } from "../../loadtest/tester/random.ts";
import { type Action, Workload } from "../../loadtest/tester/workload.ts";

const channels = Array.from({ length: 10 }, (_, index) => `test_${index}`);
const { parameters, behaviour } = profileOf("standard");
const rules = { ...behaviour, ...parameters };

function workload(seed: number, user: number): Workload {
  return new Workload({ ...rules, channels }, seededRandom(seed, user));
}

function actions(work: Workload, count: number): Action[] {
  return Array.from({ length: count }, () => work.next());
}

describe("the standard workload", () => {
  test("is the same for the same seed and user, and another for another", () => {
    const whole = (seed: number, user: number) => {
      const work = workload(seed, user);
      return [work.begin([]), actions(work, 500)];
    };
    expect(whole(7, 3)).toEqual(whole(7, 3));
    expect(whole(7, 3)).not.toEqual(whole(7, 4));
    expect(whole(7, 3)).not.toEqual(whole(8, 3));
  });

  test("begins with two to six channels, each number for some users", () => {
    const counts = new Set(
      Array.from({ length: 300 }, (_, user) => new Set(workload(1, user).begin([])).size),
    );
    expect([...counts].sort()).toEqual([2, 3, 4, 5, 6]);
  });

  test("does not join at first where an earlier run has left the user in channels", () => {
    const work = workload(1, 1);
    expect(work.begin(["test_4", "general"])).toEqual([]);
    const first = actions(work, 20).find(({ kind }) => kind === "send");
    expect(first).toMatchObject({ channel: "test_4" });
  });

  test("sends 94 of 100 times, one to ten words to a channel it is in; joins and leaves the others", () => {
    const kinds = { send: 0, join: 0, leave: 0, pass: 0 };
    const lengths = new Set<number>();
    for (let user = 0; user < 200; user++) {
      const work = workload(1, user);
      const joined = new Set(work.begin([]));
      for (const action of actions(work, 200)) {
        kinds[action.kind] += 1;
        if (action.kind === "join") {
          expect(joined.has(action.channel)).toBe(false);
          joined.add(action.channel);
        } else if (action.kind === "leave") {
          expect(joined.size).toBeGreaterThanOrEqual(4);
          expect(joined.delete(action.channel)).toBe(true);
        } else if (action.kind === "send") {
          expect(joined.has(action.channel)).toBe(true);
          lengths.add(action.text.split(" ").length);
        }
      }
    }
    const share = (count: number) => count / (200 * 200);
    expect(share(kinds.send)).toBeCloseTo(0.94, 1);
    expect(share(kinds.join)).toBeGreaterThan(0.02);
    expect(share(kinds.leave)).toBeGreaterThan(0.01);
    expect([...lengths].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});
