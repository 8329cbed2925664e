import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import type { SeriesOption } from "echarts";
import { sweepFigures } from "../../loadtest/report/charts/sweep_figures.ts";
import { sweepHtml, sweepPicture } from "../../loadtest/report/sweep_report.ts";
import { mediansOf, sweepSentence } from "../../loadtest/report/swept.ts";
import { type Sweep, turns } from "../../loadtest/sweep.ts";
import { sweepMisuse, sweepOptionsOf, withSweepOptions } from "../../loadtest/sweep_options.ts";
import { sweepExitCode, sweepText } from "../../loadtest/sweep_table.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { fixtureSweep } from "./fixture_sweep.ts";
import { distinctColours } from "./png.ts";
import { ended, loadtest } from "./process.ts";

setDefaultTimeout(90_000);

const caps = ["0", "20", "5"];
const sweep = fixtureSweep("pace-cap-ms", caps);
/** The second round's run with 20 could not be used. */
const unsound = (verdict: "failed" | "tester-bound") =>
  fixtureSweep("pace-cap-ms", caps, ({ value, round }) =>
    value === "20" && round === 2 ? { verdict, p99Ms: 9000 } : {},
  );

function read(...args: string[]) {
  const command = withSweepOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr() {} });
  command.parse(args, { from: "user" });
  return sweepOptionsOf(command.opts());
}

describe("the options of a sweep", () => {
  const asked = ["--setting", "pace-cap-ms", "--values", "0,5, 20"];

  test("are a thousand users, twice, unless they say otherwise", () => {
    const { setting, values, rounds, stepSeconds, workload } = read(...asked);
    expect([setting, values, rounds, stepSeconds]).toEqual([
      "pace-cap-ms",
      ["0", "5", "20"],
      2,
      15,
    ]);
    expect(workload.parameters.users).toBe(1000);
    expect(read(...asked, "--users", "7").workload.parameters.users).toBe(7);
  });

  test.each([
    ["--values", "1,1"],
    ["--values", "1,,2"],
    ["--values", ""],
    ["--setting", "data"],
    ["--setting", "--cpu"],
    ["--rounds", "0"],
  ])("%s %j is refused", (flag, value) => {
    expect(() => read(...asked, flag, value)).toThrow();
  });

  test("that do not go together are told", () => {
    expect(sweepMisuse(read(...asked))).toBeUndefined();
    const elsewhere = ["--url", "http://127.0.0.1:4000", "--accounts", "pool.jsonl"];
    expect(sweepMisuse(read(...asked, ...elsewhere))).toContain("--url");
    const twice = sweepMisuse(read(...asked, "--server-setting", "pace-cap-ms=5"));
    expect(twice).toContain("both name pace-cap-ms");
  });
});

describe("a sweep", () => {
  test("has every value's turn in each round", () => {
    const order = turns(["a", "b"], 2).map(({ value, round }) => value + round);
    expect(order).toEqual(["a1", "b1", "a2", "b2"]);
  });

  test("says what was best and worst, by the medians", () => {
    expect(sweepSentence(sweep)).toBe(
      "With 40 users and about 1,000 deliveries per second, the delivery p99 was lowest with pace-cap-ms 0 (32 ms) and highest with 5 (92 ms); the server’s CPU load was lowest with 5 (0.17 cores, 167 µs for each delivery) and highest with 0 (0.50 cores, 500 µs for each delivery).",
    );
  });

  test("lists every run, value by value, and the medians", () => {
    const rows = sweepText(sweep)
      .split("\n")
      .filter((line) => /^\| (0|20|5) /.test(line));
    expect(rows).toHaveLength(12);
    expect(rows[3]).toBe("| 0 | median | 1,000 | 12.0 | 22.0 | 32.0 | 0.500 | 0.250 | 500.00 |  |");
    expect(rows[4]).toBe(
      "| 20 | 1 | 1,000 | 21.0 | 41.0 | 61.0 | 0.250 | 0.250 | 250.00 | passed |",
    );
  });

  test.each(["failed", "tester-bound"] as const)(
    "shows a run that was %s, and leaves it out of the medians",
    (verdict) => {
      const with20 = unsound(verdict).runs.filter(({ value }) => value === "20");
      expect(mediansOf(with20)?.p99Ms).toBe(62);
      expect(sweepText(unsound(verdict))).toContain("| 9000.0 |");
      expect(sweepText(unsound(verdict))).toContain("hollow points, left out of the medians.");
    },
  );

  test("without one sound run says so", () => {
    const none = fixtureSweep("cpu", ["default", "0"], () => ({ verdict: "failed" }));
    expect(sweepSentence(none)).toContain("No run's figures can be used");
    expect(distinctColours(sweepPicture(none))).toBeGreaterThan(10);
  });

  test("exits with the worst that happened in it", () => {
    expect(sweepExitCode(sweep)).toBe(0);
    expect(sweepExitCode(unsound("failed"))).toBe(1);
    expect(sweepExitCode(unsound("tester-bound"))).toBe(3);
    expect(sweepExitCode({ ...sweep, end: "broken" })).toBe(1);
    expect(sweepExitCode({ ...unsound("failed"), end: "interrupted" })).toBe(130);
  });
});

describe("its graphs", () => {
  const [latency, cpu] = sweepFigures;
  const seriesOf = (of: typeof latency, drawn: Sweep) =>
    [of?.option(drawn).series ?? []].flat() as SeriesOption[];

  test("join the medians in the order of the numbers, and show every run", () => {
    const [line, points] = seriesOf(latency, sweep);
    expect(line?.data).toEqual([
      [0, 32],
      [5, 92],
      [20, 62],
    ]);
    expect(points?.data).toHaveLength(9);
    expect(latency?.option(sweep).xAxis).toMatchObject({ type: "value", name: "pace-cap-ms" });
  });

  test("have a place for each value where one is no number", () => {
    const placed = fixtureSweep("cpu", ["default", "0"]);
    expect(cpu?.option(placed).xAxis).toMatchObject({ type: "category", data: ["default", "0"] });
    expect(seriesOf(cpu, placed)[0]?.data).toEqual([
      ["default", 0.5],
      ["0", 0.25],
    ]);
  });

  test("show hollow what cannot be used", () => {
    const [, points] = seriesOf(latency, unsound("tester-bound"));
    const hollow = JSON.stringify(points?.data).match(/emptyCircle/g);
    expect(hollow).toHaveLength(1);
  });

  test("are drawn, and stand on the page beside every run", async () => {
    expect(distinctColours(sweepPicture(sweep))).toBeGreaterThan(20);
    const page = await sweepHtml(sweep);
    for (const { id } of sweepFigures) expect(page).toContain(`id="${id}"`);
    expect(page).toContain("pace-cap-ms 0, 20, 5");
  });
});

describe("the command", () => {
  const folder = makeFolder();
  afterAll(() => removeFolder(folder));
  const few = ["--users", "4", "--time-scale", "20", "--step-seconds", "1"];
  const sweepOf = (out: string) =>
    JSON.parse(readFileSync(join(folder, out, "sweep.json"), "utf8")) as Sweep;

  test("runs every value, prints the table and writes it down", async () => {
    const values = ["--setting", "durability", "--values", "default,committed"];
    const { output, exitCode, errors } = await ended(
      loadtest("sweep", ...values, ...few, "--rounds", "1", "--out", join(folder, "whole")),
    );
    // On a busy machine the tester may be its own bottleneck.
    expect([0, 3], errors).toContain(exitCode);
    const { runs, end } = sweepOf("whole");
    expect([end, runs.map(({ value }) => value)]).toEqual(["complete", ["default", "committed"]]);
    expect(output).toContain("| committed | 1 |");
    expect(readFileSync(join(folder, "whole/table.md"), "utf8")).toBe(`${output.trimEnd()}\n`);
    for (const file of ["sweep.html", "sweep.png"]) {
      expect(existsSync(join(folder, "whole", file))).toBe(true);
    }
  });

  test("ended by a value that the server refuses tells what it said, and of the runs before", async () => {
    const values = ["--setting", "pace-cap-ms", "--values", "5,soon"];
    const { exitCode, output } = await ended(
      loadtest("sweep", ...values, ...few, "--out", join(folder, "broken")),
    );
    expect(exitCode).toBe(1);
    expect(output).toContain('--pace-cap-ms is "soon"; it should be a whole number');
    expect(sweepOf("broken")).toMatchObject({ end: "broken", runs: [{ value: "5", round: 1 }] });
  });

  test("that is interrupted tells of the runs there were", async () => {
    const values = ["--setting", "pace-cap-ms", "--values", "5,10"];
    const child = loadtest("sweep", ...values, ...few, "--out", join(folder, "interrupted"));
    const output = new Response(child.stdout).text();
    const decoder = new TextDecoder();
    let said = "";
    let isSent = false;
    for await (const chunk of child.stderr) {
      said += decoder.decode(chunk, { stream: true });
      if (isSent || !/10, round 1 of 2:[\s\S]*The run takes/.test(said)) continue;
      isSent = true;
      child.kill("SIGINT");
    }
    expect(await child.exited).toBe(130);
    expect(await output).toContain("It was interrupted.");
    expect(sweepOf("interrupted")).toMatchObject({ end: "interrupted", runs: [{ value: "5" }] });
  });
});
