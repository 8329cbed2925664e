import { describe, expect, test } from "bun:test";
import type { ContenderName } from "../../../loadtest/baselines/contenders.ts";
import type { Measurement } from "../../../loadtest/baselines/messages.ts";
import { rowOf } from "../../../loadtest/baselines/row.ts";
import { ratiosOf } from "../../../loadtest/baselines/summary.ts";
import { baselinesText } from "../../../loadtest/baselines/table.ts";

const good: Measurement = {
  seconds: 10,
  messages: 15_700,
  deliveriesOffered: 6_280_000,
  deliveries: 6_280_000,
  serverCpuUs: 3_140_000,
  testerCpuUs: 5_000_000,
  testerLatenessP99Ms: 1,
  latencyMs: { count: 6_280_000, p50: 5, p90: 9, p95: 12, p99: 20, p999: 25, max: 30 },
  settled: "whole",
  missing: 0,
  surplus: 0,
  unanswered: 0,
};
const late = { ...good.latencyMs, p99: 12_000 };

function row(changes: Partial<Measurement> = {}, server: ContenderName = "hubbub", round = 1) {
  return rowOf(server, 10, round, { ...good, ...changes });
}

describe("a row", () => {
  test("tells the cost of a delivery and the loads", () => {
    expect(row()).toMatchObject({
      serverCpuUsPerDelivery: 0.5,
      serverLoad: 0.314,
      testerLoad: 0.5,
      isSound: true,
      isServerBound: false,
      isTesterBound: false,
      isLate: false,
    });
  });

  test.each<[string, Partial<Measurement>, object]>([
    ["misses a delivery", { missing: 1, settled: "missing" }, { isSound: false }],
    ["has one too many", { surplus: 1 }, { isSound: false }],
    ["misses an acknowledgement", { unanswered: 1, settled: "missing" }, { isSound: false }],
    ["saw nothing", { deliveries: 0 }, { isSound: false, serverCpuUsPerDelivery: null }],
    ["ended too early", { missing: 9, settled: "late" }, { isSound: true, isLate: true }],
    ["had a server without rest", { serverCpuUs: 9_900_000 }, { isServerBound: true }],
    ["had a tester without rest", { testerCpuUs: 9_100_000 }, { isTesterBound: true }],
    ["was late", { latencyMs: late }, { isLate: true, isServerBound: false }],
  ])("that %s says so", (_, changes, expected) => {
    expect(row(changes)).toMatchObject(expected);
  });
});

describe("the comparison", () => {
  const rows = [
    row({ serverCpuUs: 2_000_000 }),
    row({ serverCpuUs: 10_000_000 }, "raw-bun"),
    row({ serverCpuUs: 4_000_000 }, "hubbub", 2),
    row({ serverCpuUs: 12_000_000 }, "raw-bun", 2),
    row({ serverCpuUs: 3_000_000 }, "hubbub", 3),
    row({ serverCpuUs: 6_000_000 }, "raw-bun", 3),
  ];

  test("is between the medians of the rounds", () => {
    expect(ratiosOf(rows)).toEqual([
      { rate: 10, server: "hubbub", against: "raw-bun", ratio: 0.3, isLimited: true },
    ]);
    expect(ratiosOf(rows.filter(({ round }) => round > 1))[0]?.ratio).toBeCloseTo(3.5 / 9);
    expect(ratiosOf(rows.slice(4))[0]?.isLimited).toBe(false);
    expect(ratiosOf(rows.filter(({ server }) => server === "raw-bun"))).toEqual([]);
  });

  test("is printed as Markdown, with what is to be said of a row", () => {
    const text = baselinesText({ rows: rows.slice(0, 2), ratios: ratiosOf(rows.slice(0, 2)) });
    expect(text).toBe(
      [
        "| server | round | rate | messages/s | deliveries/s offered | achieved | CPU us/delivery | x Hubbub | x raw Bun | server CPU | tester CPU | p50 ms | p99 ms | missing | note |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
        "| Hubbub | 1 | 10 | 1,570 | 628,000 | 628,000 | 0.32 | 1.00 | 0.20 | 0.20 | 0.50 | 5.0 | 20.0 | 0 |  |",
        "| raw Bun | 1 | 10 | 1,570 | 628,000 | 628,000 | 1.59 | 5.00 | 1.00 | 1.00 | 0.50 | 5.0 | 20.0 | 0 | the server's limit |",
        "",
        "- at 10 x the message rate a delivery costs Hubbub 0.20 of what it costs raw Bun (a row has a note: see there)",
        "",
      ].join("\n"),
    );
  });
});
