import { describe, expect, test } from "bun:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { Pings } from "../../../src/web/monitor/pings.ts";
import { Timeline } from "../../../src/web/monitor/timeline.ts";
import { ErrorCode, FiguresHistorySchema } from "../../../src/wire/gen/hubbub/v1/events_pb.ts";

const START_MS = 1_767_225_600_000;

type Fields = MessageInitShape<typeof FiguresHistorySchema>;

/** Rows from number `first` on, `values.length` of them, a second apart, of `connections`. */
function rows(first: number, fromMs: number, values: number[], more: Fields = {}) {
  const timeMs = values.map((_, index) => fromMs + index * 1000);
  return create(FiguresHistorySchema, { first, timeMs, connections: values, ...more });
}

describe("a timeline", () => {
  test("holds no more than its rows, however long it is told", () => {
    const timeline = new Timeline(1, 50);
    for (let row = 1; row <= 500; row++) {
      timeline.append(rows(row, START_MS + row * 1000, [row]));
    }
    expect(timeline.timesMs).toHaveLength(50);
    expect(timeline.column("connections")).toEqual(Array.from({ length: 50 }, (_, i) => 451 + i));
    expect(timeline.after).toBe(500);
  });

  test("has a column for each figure, each core and each code", () => {
    const timeline = new Timeline(1, 10);
    timeline.append(
      rows(1, START_MS, [4], {
        pathMs: { mean: [1], p50: [2], p99: [3] },
        cores: [{ load: [0.5] }, { load: [0.25] }],
        refusals: [{ code: ErrorCode.RATE_LIMITED, count: [7] }],
      }),
    );
    expect(timeline.latest("pathMs.p99")).toBe(3);
    expect(timeline.latest("core.1")).toBe(0.25);
    expect(timeline.latest("refused.RATE_LIMITED")).toBe(7);
    expect(timeline.latest("residentBytes")).toBeNaN();
  });

  test("has nothing of a code before it was first told", () => {
    const timeline = new Timeline(1, 10);
    timeline.append(rows(1, START_MS, [1, 1]));
    const refusals = [{ code: ErrorCode.FORBIDDEN, count: [3] }];
    timeline.append(rows(3, START_MS + 2000, [1], { refusals }));
    timeline.append(rows(4, START_MS + 3000, [1]));
    const { column } = timeline.view(0);
    expect(column("refused.FORBIDDEN")).toEqual([undefined, undefined, 3, undefined]);
  });

  test("keeps what it knows when the server starts again, and shows the gap", () => {
    const timeline = new Timeline(1, 10);
    timeline.serverIs("one");
    timeline.append(rows(1, START_MS, [1, 2]));
    timeline.serverIs("one");
    expect(timeline.after).toBe(2);
    timeline.serverIs("two");
    expect(timeline.after).toBe(0);
    timeline.append(rows(1, START_MS + 60_000, [3]));
    const view = timeline.view(0);
    expect(view.column("connections")).toEqual([1, 2, null, 3]);
    expect(view.timesS.map((timeS) => timeS - START_MS / 1000)).toEqual([0, 1, 2, 60]);
  });

  test("forgets what lies in the future when the server's clock is set back", () => {
    const timeline = new Timeline(1, 10);
    timeline.append(rows(1, START_MS, [1, 2]));
    timeline.append(rows(3, START_MS - 3_600_000, [3]));
    expect(timeline.view(0).column("connections")).toEqual([3]);
  });

  test("passes over seconds in which nothing was measured, but not over many", () => {
    const timeline = new Timeline(1, 100);
    const few = Array<number>(10).fill(Number.NaN);
    timeline.append(rows(1, START_MS, [1, ...few, 2, ...few, Number.NaN, 3]));
    const drawn = timeline.view(0).column("connections");
    expect(drawn.slice(1, 11)).toEqual(few.map(() => undefined));
    expect(drawn.slice(12, 23)).toEqual([...few, 0].map(() => null));
  });

  test("gives charts times that ascend, and as many values as times, whatever it is told", () => {
    const anyPage = fc.record({
      forwardMs: fc.integer({ min: -5000, max: 20_000 }),
      values: fc.array(fc.oneof(fc.nat(), fc.constant(Number.NaN)), { maxLength: 8 }),
      restarts: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyPage, { maxLength: 20 }), fc.nat({ max: 60_000 }), (pages, back) => {
        const timeline = new Timeline(1, 16);
        let atMs = START_MS;
        pages.forEach(({ forwardMs, values, restarts }, page) => {
          if (restarts) timeline.serverIs(`boot ${page}`);
          atMs += forwardMs;
          timeline.append(rows(timeline.after + 1, atMs, values));
          atMs += values.length * 1000;
        });
        const { timesS, column } = timeline.view(atMs - back);
        expect(column("connections")).toHaveLength(timesS.length);
        expect(
          timesS.every((timeS, index) => index === 0 || timeS > (timesS[index - 1] ?? 0)),
        ).toBe(true);
      }),
    );
  });
});

describe("pings", () => {
  test("give each row the slowest of its own time", () => {
    const pings = new Pings();
    pings.add(1500, 4);
    pings.add(1800, 9);
    pings.add(2500, 3);
    pings.add(9500, 7);
    expect(pings.slowest([2, 3, 4, 10], 1000)).toEqual([9, 3, undefined, 7]);
    expect(pings.latest(9000)).toBe(7);
    expect(pings.latest(9600)).toBeNaN();
  });

  test("are kept for a day and no longer", () => {
    const pings = new Pings();
    const day = 24 * 60 * 60;
    for (let second = 1; second <= day + 10; second++) pings.add(second * 1000, second % 100);
    expect(pings.slowest([5], 1000)).toEqual([undefined]);
    expect(pings.slowest([20, day + 10], 1000)).toEqual([20, 10]);
  });
});
