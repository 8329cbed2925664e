import { describe, expect, test } from "bun:test";
import { type Evidence, exitCodes, verdictOf } from "../../loadtest/verdict.ts";

const sound = { lost: 0, doubled: 0, reordered: 0, examples: [] };
const good: Evidence = {
  integrity: sound,
  expectations: [],
  users: 10,
  usersConnected: 10,
  messagesSent: 100,
  messagesAcknowledged: 100,
  errors: {},
  wasInterrupted: false,
  serverEnded: undefined,
  testerLoad: 0.3,
  serverLoad: 0.4,
  testerLatenessP99Ms: 2,
};
const broken = { percentile: "p99", atMostMs: 100, actualMs: 300, holds: false } as const;
const kept = { ...broken, actualMs: 50, holds: true };
const saturated = { testerLoad: 0.97, serverLoad: 0.5 };

describe("the verdict", () => {
  test.each([
    ["of a good run is passed", {}, "passed"],
    ["of kept expectations is passed", { expectations: [kept] }, "passed"],
    ["of a broken expectation is failed", { expectations: [kept, broken] }, "failed"],
    ["of a lost message is failed", { integrity: { ...sound, lost: 1 } }, "failed"],
    ["of a doubled message is failed", { integrity: { ...sound, doubled: 1 } }, "failed"],
    ["of a reordered message is failed", { integrity: { ...sound, reordered: 1 } }, "failed"],
    ["of users who never got in is failed", { usersConnected: 9 }, "failed"],
    ["of a server that died is failed", { serverEnded: "it ended with 1" }, "failed"],
    ["of messages that got no answer is failed", { messagesAcknowledged: 99 }, "failed"],
    [
      "of a server that refuses everything is failed",
      { messagesAcknowledged: 0, errors: { INTERNAL: 100 } },
      "failed",
    ],
    [
      "of a refusal that was answered is passed",
      { messagesAcknowledged: 99, errors: { OVERLOADED: 1 } },
      "passed",
    ],
    [
      "of a delivery to somebody who had left is failed",
      { errors: { UNOWED_DELIVERY: 1 } },
      "failed",
    ],
    ["of an ended run is interrupted", { wasInterrupted: true, usersConnected: 3 }, "interrupted"],
    ["of a saturated tester is none", saturated, "tester-bound"],
    ["of a late tester is none", { testerLatenessP99Ms: 400 }, "tester-bound"],
    [
      "does not blame the server for a saturated tester",
      { ...saturated, expectations: [broken] },
      "tester-bound",
    ],
    [
      "counts expectations that hold in spite of a saturated tester",
      { ...saturated, expectations: [kept] },
      "passed",
    ],
    [
      "does not excuse a lost message by a saturated tester, or by an interruption",
      { ...saturated, wasInterrupted: true, integrity: { ...sound, lost: 1 } },
      "failed",
    ],
    [
      "blames a server that is busier than the tester",
      { testerLoad: 0.95, serverLoad: 1.0, expectations: [broken] },
      "failed",
    ],
  ] as const)("%s", (_, evidence, verdict) => {
    expect(verdictOf({ ...good, ...evidence }).verdict).toBe(verdict);
  });

  test("says what went wrong, in numbers", () => {
    const { because } = verdictOf({ ...good, expectations: [broken] });
    expect(because).toBe("Delivery was too slow: p99 was 300 ms, not at most 100.");
    const tester = verdictOf({ ...good, ...saturated });
    expect(tester.because).toBe("The tester was the bottleneck, no verdict.");
  });

  test("lets only a passed run exit with 0", () => {
    const { passed, ...others } = exitCodes;
    expect(passed).toBe(0);
    expect(Object.values(others)).not.toContain(0);
  });
});
