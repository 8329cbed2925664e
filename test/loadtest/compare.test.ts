import { afterAll, beforeAll, describe, expect, spyOn, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCompare } from "../../loadtest/report/compare.ts";
import { compareText } from "../../loadtest/report/compare_table.ts";
import { UnreadableResult } from "../../loadtest/report/read.ts";
import { PIXELS_PER_PX } from "../../loadtest/report/render_png.ts";
import { edgeCases } from "./edge_cases.ts";
import { fixtureResult } from "./fixture_result.ts";
import { pngSize } from "./png.ts";

const folder = mkdtempSync(join(tmpdir(), "hubbub-compare-"));
afterAll(() => rmSync(folder, { recursive: true }));

const json = fixtureResult({ encoding: "json", slowness: 2, costliness: 1.5 });
const protobuf = fixtureResult();

function compared(one: typeof json, other: typeof json): string {
  return compareText([
    { name: "before", result: one },
    { name: "after", result: other },
  ]);
}

function rowOf(text: string, name: string): string | undefined {
  return text.split("\n").find((line) => line.startsWith(`${name} `));
}

describe("the table of two runs", () => {
  const text = compared(json, protobuf);

  test("names first what was asked for differently, and nothing else", () => {
    const [asked = ""] = text.split("Figure");
    expect(asked).toContain("mind what you compare");
    expect(rowOf(asked, "Encoding")).toMatch(/^Encoding +json +protobuf$/);
    expect(asked).not.toContain("Profile");
    expect(compared(protobuf, protobuf)).toContain("All ran with the same parameters");
  });

  test("has both values, and the difference with its judgement", () => {
    expect(rowOf(text, "Delivery p99")).toMatch(/ 106 ms +52\.9 ms +−50% better$/);
    expect(rowOf(compared(protobuf, json), "Delivery p99")).toMatch(/ \+100% worse$/);
    expect(rowOf(text, "Deliveries per second")).toMatch(/6,272 +6,272 +the same$/);
  });

  test("has its columns one below the other", () => {
    const [, figures = ""] = text.split(/^(?=Figure)/m);
    const lines = figures.split("\n\n")[0]?.split("\n") ?? [];
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  });

  test("calls a difference within the noise about the same", () => {
    const close = fixtureResult({ slowness: 1.02 });
    expect(rowOf(compared(protobuf, close), "Delivery p99")).toEndWith("about the same");
  });

  test("judges no run whose tester was the bottleneck", () => {
    const bound = compared(protobuf, edgeCases.testerBound());
    expect(rowOf(bound, "Delivery p99")).toMatch(/\+\d+%$|\+1,\d+%$/);
    expect(bound).toContain("after: the tester was the bottleneck");
  });

  test("does not call less load better where there were fewer users", () => {
    const fewer = compared(protobuf, fixtureResult({ users: 100 }));
    expect(rowOf(fewer, "Server’s CPU load")).toMatch(/−\d+%$/);
  });

  test("counts faults up from none", () => {
    expect(rowOf(compared(protobuf, edgeCases.lostMessages()), "Lost")).toMatch(
      /0 +3 +none before, worse$/,
    );
  });

  test("does not compare a plateau with a whole run", () => {
    const text = compared(protobuf, edgeCases.noPlateau());
    expect(text).toContain("Latencies were taken over the whole run");
    expect(rowOf(text, "Delivery p99")).toMatch(/58\.8 ms +58\.8 ms +the same$/);
  });
});

describe("compare", () => {
  const file = (name: string) => join(folder, name);
  const printed: string[] = [];

  beforeAll(async () => {
    await Bun.write(file("json/result.json"), JSON.stringify(json));
    await Bun.write(file("protobuf/result.json"), JSON.stringify(protobuf));
  });

  test("prints the table under the folders' names, and draws it", async () => {
    const output = spyOn(process.stdout, "write").mockImplementation((text) => {
      printed.push(String(text));
      return true;
    });
    try {
      await runCompare([file("json/result.json"), file("protobuf/result.json")], file("out"));
    } finally {
      output.mockRestore();
    }
    expect(printed.join("")).toMatch(/Figure +json +protobuf +against json/);
    const page = await Bun.file(file("out/compare.html")).text();
    expect(page).toContain("−50% better");
    const png = await Bun.file(file("out/compare.png")).bytes();
    expect(pngSize(png).width).toBe(1040 * PIXELS_PER_PX);
  });

  test.each([
    ["notes.txt", "hello", "is not a load test's result.json: it is not JSON."],
    ["list.json", "[]", "is not a load test's result.json: it has no formatVersion."],
    ["package.json", '{"name":"x"}', "is not a load test's result.json: it has no formatVersion."],
    [
      "newer.json",
      '{"formatVersion":2}',
      "has the format 2; this version of the load tester reads 1.",
    ],
    ["part.json", '{"formatVersion":1}', "is not a whole result.json: startedAt is not a string."],
    [
      "second.json",
      broken("seconds"),
      "is not a whole result.json: seconds[1].users is not a number.",
    ],
    [
      "p99.json",
      broken("p99"),
      "is not a whole result.json: latencyMs.delivery.p99 is not a number.",
    ],
  ])("refuses %s with a sentence", async (name, text, sentence) => {
    await Bun.write(file(name), text);
    const refused = runCompare([file("json/result.json"), file(name)]);
    await expect(refused).rejects.toThrow(new UnreadableResult(`${file(name)} ${sentence}`));
  });

  test("refuses a file that is not there, and a single file, with a sentence", async () => {
    const missing = runCompare([file("json/result.json"), file("missing.json")]);
    await expect(missing).rejects.toThrow(/missing\.json cannot be read: ENOENT/);
    await expect(runCompare([file("json/result.json")])).rejects.toThrow(/two result\.json files/);
  });
});

/** A result as text, with something in it spoilt. */
function broken(what: "seconds" | "p99"): string {
  const { latencyMs, seconds } = protobuf;
  const spoilt = {
    seconds: { seconds: seconds.map((second, index) => ({ ...second, users: index ? null : 1 })) },
    p99: { latencyMs: { ...latencyMs, delivery: { ...latencyMs.delivery, p99: null } } },
  };
  return JSON.stringify({ ...protobuf, ...spoilt[what] });
}
