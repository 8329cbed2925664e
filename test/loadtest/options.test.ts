import { describe, expect, test } from "bun:test";
import { Command } from "commander";
import { judge, parseTargets } from "../../loadtest/expectations.ts";
import { misuse, runOptionsOf, withRunOptions } from "../../loadtest/options.ts";
import { profileNames, profileOf } from "../../loadtest/profiles.ts";

function read(...args: string[]) {
  const command = withRunOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr() {} });
  command.parse(args, { from: "user" });
  return runOptionsOf(command.opts());
}

describe("the options", () => {
  test("are the standard run without any", () => {
    expect(read().parameters).toEqual({
      profile: "standard",
      users: 250,
      actions: 40,
      connectEverySeconds: 0.25,
      startAfterSeconds: 0,
      betweenSeconds: 6,
      mix: { send: 94, join: 3, leave: 3 },
      channels: 10,
      bodyWords: { min: 1, max: 10 },
      encoding: "protobuf",
      holdUntilConnected: false,
      signIn: "password",
      seed: 1,
      timeScale: 1,
      messagesPerUserSecond: 0.94 / 6,
      serverCpu: null,
      testerCpu: null,
      url: null,
      serverSettings: {},
    });
  });

  test("win over the profile's", () => {
    const { parameters } = read("--profile", "direct", "--users", "31", "--mix", "90/5/5");
    expect(parameters).toMatchObject({
      users: 31,
      channels: 16,
      mix: { send: 90, join: 5, leave: 5 },
    });
    expect(read("--profile", "no-sign-in").parameters.holdUntilConnected).toBe(true);
    const released = read("--profile", "no-sign-in", "--no-hold-until-connected");
    expect(released.parameters.holdUntilConnected).toBe(false);
  });

  test("gather the settings of the run's own server", () => {
    const flags = ["pace-cap-ms=0", "origins=https://a.example", "pace-cap-ms=5", "cpu="];
    const { parameters } = read(...flags.flatMap((flag) => ["--server-setting", flag]));
    const origins = "https://a.example";
    expect(parameters.serverSettings).toEqual({ "pace-cap-ms": "5", origins, cpu: "" });
  });

  test("say how often a user sends after the time scale", () => {
    expect(read("--time-scale", "12").parameters.messagesPerUserSecond).toBeCloseTo(
      (0.94 / 6) * 12,
    );
  });

  test.each([
    ["--users", "0"],
    ["--users", "ten"],
    ["--between", "0"],
    ["--connect-every", "-1"],
    ["--mix", "94/3"],
    ["--mix", "90/3/3"],
    ["--body-words", "10-1"],
    ["--encoding", "xml"],
    ["--profile", "nonsense"],
    ["--expect", "p98<=10"],
    ["--expect", "fast"],
    ["--url", "localhost:4000"],
    ["--seed", "1.5"],
    ["--sign-in", "cookie"],
    ["--time-scale", "0"],
    ["--server-setting", "pace-cap-ms"],
    ["--server-setting", "--pace-cap-ms=5"],
    ["--server-setting", "data=elsewhere.db"],
    ["--server-setting", "log-format=text"],
  ])("%s %s is refused", (flag, value) => {
    expect(() => read(flag, value)).toThrow();
  });

  test("that do not go together are told", () => {
    expect(misuse(read())).toBeUndefined();
    expect(misuse(read("--url", "http://127.0.0.1:4000"))).toContain("--accounts");
    const elsewhere = ["--url", "http://127.0.0.1:4000", "--accounts", "pool.jsonl"];
    expect(misuse(read(...elsewhere))).toBeUndefined();
    expect(misuse(read(...elsewhere, "--server-cpu", "0"))).toContain("--server-cpu");
    const setting = ["--server-setting", "pace-cap-ms=5"];
    expect(misuse(read(...elsewhere, ...setting))).toContain("--server-setting");
  });
});

describe("the expectations", () => {
  test("are read as they are written", () => {
    expect(parseTargets("p90<=200, p99.9<=1500.5,max<=2000")).toEqual([
      { percentile: "p90", atMostMs: 200 },
      { percentile: "p999", atMostMs: 1500.5 },
      { percentile: "max", atMostMs: 2000 },
    ]);
    for (const wrong of ["", "p90", "p90<200", "p90<=", "p90<=200;p95<=1", "mean<=4"]) {
      expect(parseTargets(wrong)).toBeUndefined();
    }
  });

  test("hold up to the limit itself", () => {
    const latency = { count: 9, p50: 1, p90: 200, p95: 501, p99: 600, p999: 700, max: 800 };
    const targets = parseTargets("p90<=200,p95<=500") ?? [];
    expect(judge(targets, latency).map(({ holds }) => holds)).toEqual([true, false]);
  });

  test("do not hold where nothing was delivered", () => {
    const nothing = { count: 0, p50: 0, p90: 0, p95: 0, p99: 0, p999: 0, max: 0 };
    const targets = parseTargets("p90<=200") ?? [];
    expect(judge(targets, nothing).map(({ holds }) => holds)).toEqual([false]);
  });
});

describe("the profiles", () => {
  test("are all there", () => {
    expect<string[]>([...profileNames].sort()).toEqual(
      ["direct", "idle", "no-sign-in", "one-room", "reconnect", "soak", "standard", "storm"].sort(),
    );
  });

  test.each([...profileNames])(
    "%s has a line that says what it is, and parameters in range",
    (name) => {
      const { summary, parameters } = profileOf(name);
      expect(summary.length).toBeGreaterThan(10);
      expect(summary).not.toContain("\n");
      const { send, join, leave } = parameters.mix;
      expect(send + join + leave).toBe(100);
      expect(parameters.betweenSeconds).toBeGreaterThan(0);
    },
  );
});
