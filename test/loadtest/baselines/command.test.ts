import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { contenderNames } from "../../../loadtest/baselines/contenders.ts";
import { checkGround } from "../../../loadtest/baselines/ground.ts";
import { baselineOptionsOf, withBaselineOptions } from "../../../loadtest/baselines/options.ts";
import type { Baselines } from "../../../loadtest/baselines/run.ts";
import { makeFolder, removeFolder } from "../../support/temp.ts";
import { ended, loadtest } from "../process.ts";

setDefaultTimeout(120_000);
const folder = makeFolder();
afterAll(() => removeFolder(folder));

function read(...args: string[]) {
  const command = withBaselineOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr() {} });
  command.parse(args, { from: "user" });
  return baselineOptionsOf(command.opts());
}

describe("the options of baselines", () => {
  test("are the four servers with 1,000 users at two rates without any", () => {
    expect(read()).toEqual({
      servers: ["hubbub", "raw-bun", "ws", "socket.io"],
      users: 1000,
      rates: [1, 10],
      rounds: 2,
      seconds: 10,
      warmUpSeconds: 3,
      serverCpu: 0,
      testerCpu: 1,
      seed: 1,
      out: undefined,
    });
  });

  test("are taken as they are given", () => {
    const flags = ["--servers", "ws,hubbub", "--rates", "0.5,3", "--warm-up", "0", "--out", "x"];
    expect(read(...flags)).toMatchObject({
      servers: ["ws", "hubbub"],
      rates: [0.5, 3],
      warmUpSeconds: 0,
      out: "x",
    });
  });

  test.each([
    ["--servers", ""],
    ["--servers", "hubbub,nginx"],
    ["--servers", "ws,ws"],
    ["--rates", "0"],
    ["--rates", "1,,10"],
    ["--rates", "1,1"],
    ["--rates", "ten"],
    ["--users", "0"],
    ["--rounds", "0"],
    ["--seconds", "0"],
    ["--server-cpu", "-1"],
  ])("%s %s is refused", (flag, value) => {
    expect(() => read(flag, value)).toThrow();
  });
});

/** Why this machine cannot compare all four; undefined where it can. */
function lack(): string | undefined {
  try {
    checkGround(read());
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const lacking = lack();

describe.skipIf(lacking !== undefined)(lacking ?? "the command", () => {
  test("says that each needs a core", async () => {
    const same = await ended(loadtest("baselines", "--server-cpu", "1", "--tester-cpu", "1"));
    expect(same.exitCode).toBe(1);
    expect(same.errors).toBe(
      "loadtest: --server-cpu and --tester-cpu are the same: each needs a core.\n",
    );
    const none = await ended(loadtest("baselines", "--tester-cpu", "4095"));
    expect(none.exitCode).toBe(1);
    expect(none.errors).toMatch(/^loadtest: There is no core 4095 to run on: [^\n]+\.\n$/);
  });

  test("says that Node is missing, and what goes without it", async () => {
    const path = join(folder, "bin");
    mkdirSync(path);
    for (const program of ["taskset", "true"]) {
      symlinkSync(Bun.which(program) as string, join(path, program));
    }
    const program = join(import.meta.dir, "../../../loadtest/main.ts");
    const child = Bun.spawn([process.execPath, program, "baselines"], {
      stderr: "pipe",
      env: { PATH: path },
    });
    expect(await new Response(child.stderr).text()).toBe(
      "loadtest: There is no node on the PATH, on which ws and Socket.IO run: install Node, or leave them out with --servers hubbub,raw-bun.\n",
    );
    expect(await child.exited).toBe(1);
  });

  test("measures all four in turn, loses nothing, and writes it down", async () => {
    const out = join(folder, "out");
    const few = ["--users", "20", "--rates", "20", "--rounds", "1"];
    const short = ["--seconds", "1", "--warm-up", "0.5", "--out", out];
    const { exitCode, output, errors } = await ended(loadtest("baselines", ...few, ...short));
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${errors}`);
    const baselines = JSON.parse(readFileSync(join(out, "baselines.json"), "utf8")) as Baselines;
    expect(baselines.rows.map(({ server }) => server)).toEqual(contenderNames);
    for (const row of baselines.rows) {
      expect(row).toMatchObject({ isSound: true, missing: 0, surplus: 0, unanswered: 0 });
      // Twenty users with 3.1 messages a second, each with eight receivers.
      expect(row.messages).toBeGreaterThan(50);
      expect(row.deliveriesOffered).toBe(8 * row.messages);
      expect(row.latencyMs.count).toBe(row.deliveriesOffered);
    }
    const { node, ws, socketIo } = baselines.versions;
    for (const version of [node, ws, socketIo]) expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(output.trimEnd()).toBe(readFileSync(join(out, "table.md"), "utf8").trimEnd());
    for (const title of ["Hubbub", "raw Bun", "ws on Node", "Socket.IO on Node"]) {
      expect(output).toContain(`| ${title} | 1 | 20 |`);
    }
  });
});
