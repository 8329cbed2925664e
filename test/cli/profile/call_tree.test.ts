import { describe, expect, test } from "bun:test";
import { callTree, samplePeriodUs, samplesBy, sum } from "../../../src/cli/profile/call_tree.ts";
import { cpuProfile } from "./handmade.ts";

const byRoom = ({ room }: { room: string }) => room;
const byName = ({ name }: { name: string }) => name;

describe("the call tree", () => {
  const calls = callTree(
    cpuProfile([
      {
        name: "message",
        file: "src/session/websocket.ts",
        hits: 1,
        calls: [
          {
            name: "decode",
            file: "src/wire/binary.ts",
            hits: 2,
            calls: [{ name: "subarray", hits: 3 }],
          },
          { name: "never", file: "src/wire/binary.ts", line: 5 },
        ],
      },
      { name: "publish", hits: 4 },
    ]),
  );

  test("has self and total samples, the biggest first, and nothing that was never seen", () => {
    expect(sum(calls)).toBe(10);
    expect(calls.map(({ place, self, total }) => [place.name, self, total])).toEqual([
      ["message", 1, 6],
      ["publish", 4, 4],
    ]);
    const [decode, ...others] = calls[0]?.calls ?? [];
    expect([decode?.place.name, decode?.self, decode?.total]).toEqual(["decode", 2, 5]);
    expect(others).toEqual([]);
  });

  test("adds up by room: self where the time was used, total where it was asked for", () => {
    expect(Object.fromEntries(samplesBy(calls, byRoom))).toEqual({
      session: { self: 1, total: 6 },
      wire: { self: 2, total: 5 },
      bun: { self: 7, total: 7 },
    });
  });

  test("of a profile without samples is empty", () => {
    expect(callTree(cpuProfile([]))).toEqual([]);
    expect(callTree({ ...cpuProfile([]), nodes: [] })).toEqual([]);
  });
});

test("a function that calls itself, also by way of another, counts a sample once in its total", () => {
  const file = "src/channels/ring.ts";
  const calls = callTree(
    cpuProfile([
      {
        name: "walk",
        file,
        hits: 1,
        calls: [
          {
            name: "step",
            file,
            line: 2,
            hits: 1,
            calls: [{ name: "walk", file, hits: 1, calls: [{ name: "walk", file, hits: 1 }] }],
          },
        ],
      },
    ]),
  );
  expect(Object.fromEntries(samplesBy(calls, byName))).toEqual({
    walk: { self: 3, total: 4 },
    step: { self: 1, total: 3 },
  });
  expect(samplesBy(calls, byRoom).get("channels")).toEqual({ self: 4, total: 4 });
});

test("calls of one function from one place are one frame, whatever node they were", () => {
  const leaf = { name: "now", hits: 2 };
  const twice = { name: "tick", file: "src/serve.ts", calls: [leaf] };
  const [tick, ...others] = callTree(cpuProfile([twice, twice]));
  expect(others).toEqual([]);
  expect(tick?.total).toBe(4);
  expect(tick?.calls.map(({ total }) => total)).toEqual([4]);
});

describe("what a sample stands for", () => {
  const profile = (timeDeltas: number[]) => ({ ...cpuProfile([]), timeDeltas });

  test("is how far apart samples are that follow each other, pauses left out", () => {
    const late = Array.from({ length: 40 }, () => 1150);
    const pauses = Array.from({ length: 60 }, () => 9000);
    expect(samplePeriodUs(profile([...late, ...pauses]), 1000)).toBe(1150);
  });

  test("is the interval where too few follow each other to tell", () => {
    expect(samplePeriodUs(profile([1150, 9000, 9000]), 1000)).toBe(1000);
  });
});
