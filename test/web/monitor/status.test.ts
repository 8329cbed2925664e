import { describe, expect, test } from "bun:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { formatted } from "../../../src/web/monitor/format.ts";
import { Pings } from "../../../src/web/monitor/pings.ts";
import { missedSentence, missedTargets, slowestStage } from "../../../src/web/monitor/status.ts";
import { Timeline } from "../../../src/web/monitor/timeline.ts";
import { FiguresHistorySchema } from "../../../src/wire/gen/hubbub/v1/events_pb.ts";

const START_MS = 1_767_225_600_000;

function secondsOf(count: number, fields: MessageInitShape<typeof FiguresHistorySchema>) {
  const timeline = new Timeline(1, 600);
  const timeMs = Array.from({ length: count }, (_, row) => START_MS + row * 1000);
  timeline.append(create(FiguresHistorySchema, { first: 1, timeMs, ...fields }));
  return { timeline, nowMs: START_MS + count * 1000 };
}

/** `count` delays of the event loop, of which those in `late` are above the target. */
function delays(count: number, late: (row: number) => boolean) {
  return Array.from({ length: count }, (_, row) => (late(row) ? 100 + row : 1));
}

describe("the targets", () => {
  test("are all met where nothing is above its own", () => {
    const { timeline, nowMs } = secondsOf(60, { loopDelayMs: delays(60, () => false) });
    expect(missedTargets(timeline, new Pings(), nowMs)).toEqual([]);
  });

  test("are missed since the first of the seconds that go on until now", () => {
    const late = (row: number) => row === 5 || (row >= 40 && row % 8 === 0);
    const { timeline, nowMs } = secondsOf(60, { loopDelayMs: delays(60, late) });
    const [miss, ...others] = missedTargets(timeline, new Pings(), nowMs);
    expect(others).toEqual([]);
    expect(miss).toMatchObject({ sinceMs: START_MS + 40_000, worst: 156, isLonger: false });
    if (miss === undefined) throw new Error("nothing was missed");
    expect(missedSentence(miss, (timeMs) => `second ${(timeMs - START_MS) / 1000}`)).toBe(
      "The event loop's delay has been above 20 ms since second 40; the worst was 156 ms.",
    );
  });

  test("are met again ten seconds after the last miss", () => {
    const { timeline, nowMs } = secondsOf(60, { loopDelayMs: delays(60, (row) => row === 48) });
    expect(missedTargets(timeline, new Pings(), nowMs)).toEqual([]);
  });

  test("may be missed for longer than is known", () => {
    const { timeline, nowMs } = secondsOf(30, { loopDelayMs: delays(30, () => true) });
    const [miss] = missedTargets(timeline, new Pings(), nowMs);
    expect(miss?.isLonger).toBe(true);
    if (miss === undefined) throw new Error("nothing was missed");
    expect(missedSentence(miss, () => "then")).toContain("since then or longer");
  });

  test("hold for this page's own pings, too", () => {
    const { timeline, nowMs } = secondsOf(30, { loopDelayMs: delays(30, () => false) });
    const pings = new Pings();
    pings.add(START_MS + 28_500, 750);
    const [miss] = missedTargets(timeline, pings, nowMs);
    expect(miss).toMatchObject({ worst: 750, sinceMs: START_MS + 29_000 });
  });

  test("say nothing of a server that has been silent", () => {
    const { timeline, nowMs } = secondsOf(30, { loopDelayMs: delays(30, () => true) });
    expect(missedTargets(timeline, new Pings(), nowMs + 20_000)).toEqual([]);
  });
});

describe("the slowest stage", () => {
  const stage = (...mean: number[]) => ({ mean, p50: mean, p99: mean });

  test("is named with its part of the whole, over the last minute", () => {
    const old = Array<number>(40).fill(90);
    const { timeline } = secondsOf(100, {
      pathMs: stage(...old, ...Array<number>(60).fill(6.1)),
      commitMs: stage(...old, ...Array<number>(60).fill(4)),
      drainMs: stage(...old, ...Array<number>(60).fill(1.5)),
    });
    expect(slowestStage(timeline)).toBe(
      "Of the 6.1 ms from a message's coming to its delivery, 4 ms is the commit to disk.",
    );
  });

  test("is none where no message came", () => {
    const nothing = stage(Number.NaN, Number.NaN);
    const { timeline } = secondsOf(2, { pathMs: nothing, commitMs: nothing });
    expect(slowestStage(timeline)).toBe("No message came in the last minute.");
  });
});

test.each([
  [4.023, "ms", "4.02 ms"],
  [0.0123, "ms", "12.3 µs"],
  [0, "ms", "0 ms"],
  [12_345, "ms", "12.3 s"],
  [118 * 1024 * 1024, "bytes", "118 MiB"],
  [12_345.6, "per second", "12,346/s"],
  [0.805, "cores", "0.81"],
  [Number.NaN, "ms", "–"],
] as const)("%p %s is written %s", (value, unit, text) => {
  expect(formatted(value, unit)).toBe(text);
});
