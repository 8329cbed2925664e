import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { Command } from "commander";
import { latencyOf, newHistogram } from "../../loadtest/percentiles.ts";
import { attempt } from "../../loadtest/sign_ins/attempt.ts";
import { Candidates } from "../../loadtest/sign_ins/candidates.ts";
import {
  type SignInsFlags,
  signInsMisuse,
  signInsOptionsOf,
  withSignInsOptions,
} from "../../loadtest/sign_ins/options.ts";
import { median, pairsOf, scenarioResult } from "../../loadtest/sign_ins/pairs.ts";
import { peopleFor } from "../../loadtest/sign_ins/people.ts";
import type { SignIns, Window } from "../../loadtest/sign_ins/result.ts";
import { dueIn, parseScenario, type Scenario } from "../../loadtest/sign_ins/scenario.ts";
import { SecondLog } from "../../loadtest/sign_ins/second_log.ts";
import { stream } from "../../loadtest/sign_ins/stream.ts";
import { turnsOf } from "../../loadtest/sign_ins/turns.ts";
import { signInsVerdict } from "../../loadtest/sign_ins/verdict.ts";
import { nowUs } from "../../loadtest/tester/clock.ts";
import type { SecondReport } from "../../loadtest/tester/messages.ts";
import { Schedule } from "../../loadtest/tester/schedule.ts";
import { type Counts, Tally } from "../../loadtest/tester/tally.ts";
import { FiguresSchema } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { ended, loadtest } from "./process.ts";

setDefaultTimeout(90_000);

const folder = makeFolder();
afterAll(() => removeFolder(folder));

function scenario(name: string): Scenario {
  const parsed = parseScenario(name);
  if (parsed === undefined) throw new Error(`no scenario ${name}`);
  return parsed;
}

const none = latencyOf(newHistogram());

function windowOf(p99: number, rest: Partial<Window> = {}): Window {
  return {
    ...{ scenario: null, round: 1, atSeconds: 0, ackMs: none, deliveriesPerSecond: 1000 },
    ...{ serverLoad: 0.5, hasherLoad: 0, testerLoad: 0.4, busiestTesterLoad: 0.4 },
    ...{ testerLatenessP99Ms: 3, diskStillShare: 0, signerLoad: 0, signIns: null },
    deliveryMs: { ...none, count: 100, p99 },
    ...rest,
  };
}

function withSignIns(name: string, p99: number, faults: Record<string, number> = {}): Window {
  const counts = { due: 10, signedIn: 7, toldWhen: 3, toldWrong: 0, faults };
  return windowOf(p99, {
    scenario: name,
    signIns: { ...counts, signInMs: none, refusalMs: none },
  });
}

describe("a scenario", () => {
  test("comes evenly or all at once, with the right password or a wrong one", () => {
    expect(scenario("4/s")).toEqual({
      ...{ name: "4/s", password: "right", perSecond: 4, atOnce: null, atMostRatio: 1.1 },
    });
    expect(scenario("wrong-storm-10000")).toEqual({
      ...{ name: "wrong-storm-10000", password: "wrong", perSecond: null, atOnce: 10_000 },
      atMostRatio: 1.25,
    });
    expect(dueIn(scenario("20/s"), 12)).toBe(240);
    expect(dueIn(scenario("storm-1000"), 12)).toBe(1000);
    expect(dueIn(scenario("none"), 12)).toBe(0);
  });

  test("of few sign-ins may slow messages down by a tenth, of many by a quarter", () => {
    const bounds = ["none", "wrong-40/s", "5/s", "wrong-41/s", "storm-1"].map(
      (name) => scenario(name).atMostRatio,
    );
    expect(bounds).toEqual([1.1, 1.1, 1.25, 1.25, 1.25]);
  });

  test.each(["", "4", "0/s", "4/m", "storm", "storm-0", "right-4/s", "4.5/s", "-4/s", "999999/s"])(
    "%j is none",
    (name) => {
      expect(parseScenario(name)).toBeUndefined();
    },
  );
});

describe("the turns", () => {
  const scenarios = ["4/s", "20/s", "storm-9"].map(scenario);

  test("put each scenario, once a round, next to the window without that it is compared with", () => {
    for (const count of [1, 2, 3]) {
      const turns = turnsOf(scenarios.slice(0, count), 4);
      for (const [index, { scenario, without }] of turns.entries()) {
        if (scenario === null) {
          expect(without).toBeNull();
          continue;
        }
        expect(Math.abs(index - (without ?? Number.NaN))).toBe(1);
        expect(turns[without as number]?.scenario).toBeNull();
      }
      const names = turns.flatMap(({ scenario, round }) =>
        scenario === null ? [] : [`${scenario.name} ${round}`],
      );
      expect(new Set(names).size).toBe(names.length);
      expect(names).toHaveLength(count * 4);
    }
  });

  test("share a window without between two scenarios, and never have two of them in a row", () => {
    const shape = turnsOf(scenarios.slice(0, 2), 2).map(({ scenario }) => scenario?.name ?? "-");
    expect(shape).toEqual(["-", "4/s", "20/s", "-", "20/s", "4/s", "-"]);
  });

  test("put a scenario before its window without as well as after it", () => {
    const turns = turnsOf(scenarios.slice(0, 2), 2);
    const sides = turns.flatMap(({ scenario, without }, index) =>
      scenario?.name === "4/s" ? [index - (without as number)] : [],
    );
    expect(sides).toEqual([1, -1]);
  });
});

describe("the pairs", () => {
  const four = scenario("4/s");
  const twenty = scenario("20/s");
  const turns = turnsOf([four, twenty], 2);
  const windows = [
    windowOf(100),
    withSignIns("4/s", 105),
    withSignIns("20/s", 150),
    windowOf(120),
    withSignIns("20/s", 132),
    withSignIns("4/s", 45),
    windowOf(50),
  ];

  test("compare with the neighbour that is theirs, and tell the median of the ratios", () => {
    const pairs = pairsOf(four, turns, windows);
    expect(pairs.map(({ ratio }) => ratio)).toEqual([1.05, 0.9]);
    expect(scenarioResult(four, pairs)).toMatchObject({
      ...{
        name: "4/s",
        medianRatio: expect.closeTo(0.975),
        holds: true,
        due: 20,
        signedIn: 14,
        toldWhen: 6,
      },
    });
    const result = scenarioResult(twenty, pairsOf(twenty, turns, windows));
    expect(result?.pairs.map(({ ratio }) => ratio)).toEqual([1.25, 1.1]);
    expect(result?.holds).toBe(true);
  });

  test("are told apart where the disk stood still in one of the two windows, and count all the same", () => {
    const still = windows.with(3, windowOf(120, { diskStillShare: 0.006 }));
    const result = scenarioResult(twenty, pairsOf(twenty, turns, still));
    expect(result?.pairs.map(({ disturbedBy }) => disturbedBy)).toEqual([
      ["the disk"],
      ["the disk"],
    ]);
    expect(result).toMatchObject({ medianRatio: 1.175, undisturbedMedianRatio: null });
    const once = windows.with(2, { ...withSignIns("20/s", 240), diskStillShare: 0.02 });
    expect(scenarioResult(twenty, pairsOf(twenty, turns, once))).toMatchObject({
      ...{ medianRatio: 1.55, undisturbedMedianRatio: 1.1, holds: false },
    });
  });

  test("are those that were completed, if any", () => {
    expect(pairsOf(twenty, turns, windows.slice(0, 3))).toEqual([]);
    expect(pairsOf(twenty, turns, windows.slice(0, 5))).toHaveLength(2);
    expect(scenarioResult(twenty, [])).toBeUndefined();
  });

  test("say nothing where nothing was delivered", () => {
    expect(pairsOf(four, turns, [windowOf(0), withSignIns("4/s", 105)])).toEqual([]);
  });

  test.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
    [[], undefined],
  ])("of %j the median is %p", (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});

describe("the verdict on sign-ins", () => {
  const passed = { verdict: "passed", because: "" } as const;
  const windows = [windowOf(100), withSignIns("4/s", 105)];
  const resultOf = (ws: Window[]) => {
    const turns = turnsOf([scenario("4/s")], 1);
    const result = scenarioResult(scenario("4/s"), pairsOf(scenario("4/s"), turns, ws));
    return result === undefined ? [] : [result];
  };
  const verdict = (ws: Window[], run: Parameters<typeof signInsVerdict>[0]["run"] = passed) =>
    signInsVerdict({ run, asked: 1, results: resultOf(ws), windows: ws });

  test("is passed where all ratios hold", () => {
    expect(verdict(windows).verdict).toBe("passed");
  });

  test("is failed where one does not", () => {
    const { verdict: word, because } = verdict([windowOf(100), withSignIns("4/s", 120)]);
    expect(word).toBe("failed");
    expect(because).toContain("4/s 1.20, not 1.1");
  });

  test("is failed where a sign-in had no proper answer, however fast the messages were", () => {
    const { verdict: word, because } = verdict([
      windowOf(100),
      withSignIns("4/s", 90, { NO_ANSWER: 2 }),
    ]);
    expect(word).toBe("failed");
    expect(because).toContain("2 x NO_ANSWER in 4/s");
  });

  test("is that of the messages where those went wrong", () => {
    expect(verdict(windows, { verdict: "failed", because: "lost" })).toEqual({
      ...{ verdict: "failed", because: "lost" },
    });
    expect(verdict([], { verdict: "interrupted", because: "" }).verdict).toBe("interrupted");
  });

  test("is none where the tester was the bottleneck in half of the pairs, if only without sign-ins", () => {
    const bound = windowOf(100, { testerLatenessP99Ms: 400 });
    const { verdict: word, because } = verdict([bound, withSignIns("4/s", 105)]);
    expect(word).toBe("tester-bound");
    expect(because).toContain("in half of the pairs of 4/s");
  });

  test("stands where it was in fewer", () => {
    const four = scenario("4/s");
    const bound = windowOf(100, { testerLatenessP99Ms: 400 });
    const [no, yes] = [windowOf(100), withSignIns("4/s", 105)];
    const all = [bound, yes, no, yes, no, yes];
    const result = scenarioResult(four, pairsOf(four, turnsOf([four], 3), all));
    expect(result?.pairs.map(({ disturbedBy }) => disturbedBy)).toEqual([["the tester"], [], []]);
    const evidence = { run: passed, asked: 1, results: result ? [result] : [], windows: all };
    expect(signInsVerdict(evidence).verdict).toBe("passed");
  });

  test("is failed where a scenario has no figures", () => {
    expect(verdict([windowOf(100)]).verdict).toBe("failed");
  });
});

test("the log of seconds adds up those of a window, over all testers, and no others", async () => {
  const tally = (...us: number[]): Counts => {
    const counts = new Tally();
    for (const value of us) counts.add(value);
    return counts.take();
  };
  const report = (second: number, cpuUs: number, ...deliveriesUs: number[]): SecondReport => ({
    ...{ second, connected: 0, arrived: 0, gone: 0, messagesSent: 0, messagesAcknowledged: 0 },
    ...{ joins: 0, leaves: 0, signIns: 0, reconnects: 0, errors: {}, wallUs: 1_000_000, cpuUs },
    ...{ deliveries: deliveriesUs.length, delivery: tally(...deliveriesUs), ack: tally() },
    ...{ signIn: tally(), resume: tally(), lateness: tally(2000) },
  });
  const log = new SecondLog();
  for (const [tester, second, ...rest] of [
    [0, 1, 900_000, 99_000],
    [0, 2, 100_000, 1000, 2000],
    [1, 2, 300_000, 3000],
    [0, 3, 200_000, 1000],
    [1, 3, 400_000],
    [0, 4, 900_000, 88_000],
  ] as const) {
    log.add(tester, report(second, rest[0], ...rest.slice(1)));
  }
  const figures = (slowCommitsMs: number) => create(FiguresSchema, { slowCommitsMs });
  // The figures of a pong cover the second before it.
  for (const [second, slowMs] of [
    [2, 700],
    [3, 0],
    [4, 120],
    [5, 800],
  ] as const) {
    log.addPing({ second, latencyUs: 1000, figures: figures(slowMs) });
  }
  await log.toldOf(3, 2, new AbortController().signal);
  const seen = log.take(2, 4);
  expect(seen.diskStillShare).toBeCloseTo(0.06);
  expect(seen.deliveryMs).toMatchObject({ count: 4, max: 3.001 });
  expect(seen).toMatchObject({ deliveriesPerSecond: 2, testerLatenessP99Ms: 2 });
  expect(seen.testerLoad).toBeCloseTo(0.5);
  expect(seen.busiestTesterLoad).toBeCloseTo(0.35);
  expect(log.take(4, 5).deliveryMs.count).toBe(1);
  expect(log.take(5, 6).diskStillShare).toBeNull();
});

describe("those who sign in", () => {
  const people = peopleFor(["4/s", "storm-30", "wrong-40/s"].map(scenario), 10);
  const candidates = () => new Candidates({ ...people.plan, url: "http://127.0.0.1:1" });

  test("are as many as the largest storm, and those who are guessed at, of whom half do not exist", () => {
    const { members, targets } = people.plan;
    expect(members).toHaveLength(40);
    const installed = new Set(people.accounts.map(({ name }) => name));
    expect(targets.filter((name) => installed.has(name))).toHaveLength(targets.length / 2);
    expect(members.every((name) => installed.has(name) && !targets.includes(name))).toBe(true);
  });

  test("each come from an address of their own with the right password", () => {
    const those = candidates();
    const round = Array.from({ length: 40 }, () => those.next("right"));
    expect(new Set(round.map(({ name }) => name)).size).toBe(40);
    expect(new Set(round.map(({ address }) => address)).size).toBe(40);
    expect(those.next("right")).toEqual(round[0] as (typeof round)[0]);
  });

  test("with a wrong one come from so many that no allowance of a network is used up", () => {
    const those = candidates();
    const tries = Array.from({ length: 10_000 }, () => those.next("wrong"));
    const byAddress = Map.groupBy(tries, ({ address }) => address);
    expect(Math.max(...[...byAddress.values()].map(({ length }) => length))).toBeLessThan(60);
    // And no network meets the same name twice, which would make it wait.
    expect(new Set(tries.map(({ name, address }) => `${name} ${address}`)).size).toBe(10_000);
    const right = those.next("right").address;
    expect(byAddress.has(right)).toBe(false);
    expect([...byAddress.keys()].every((address) => /^198\.1[89]\.\d+\.\d+$/.test(address))).toBe(
      true,
    );
  });
});

describe("one sign-in", () => {
  const candidate = { name: "anna", password: "?", isRight: true, address: "198.18.0.1" };

  async function endingOf(answer: () => Response, isRight = true) {
    let forwardedFor: string | null = null;
    await using server = Bun.serve({
      port: 0,
      fetch(request) {
        if (new URL(request.url).pathname !== "/auth/token") return refusal(503, "GOING_AWAY");
        forwardedFor = request.headers.get("x-forwarded-for");
        return answer();
      },
    });
    const ending = await attempt(server.url.href, { ...candidate, isRight });
    expect<string | null>(forwardedFor).toBe("198.18.0.1");
    return ending.kind === "fault" ? ending.code : ending.kind;
  }

  const refusal = (status: number, code: string, headers: Record<string, string> = {}) =>
    Response.json({ error: { code, text: "", retry_after_ms: 1500 } }, { status, headers });
  const later = { "Retry-After": "2" };

  test.each([
    ["told when", 503, "SIGN_IN_BUSY", true],
    ["told when", 429, "RATE_LIMITED", false],
    ["told when", 503, "TOO_MANY_ARRIVALS", true],
    ["told wrong", 401, "INVALID_CREDENTIALS", false],
    // Not the right password's fault, and not what an overloaded server may say.
    ["INVALID_CREDENTIALS", 401, "INVALID_CREDENTIALS", true],
    ["INTERNAL", 500, "INTERNAL", true],
    ["PASSWORDS_UNAVAILABLE", 503, "PASSWORDS_UNAVAILABLE", false],
  ])("ends with %p after %i %s (right password: %p)", async (ending, status, code, isRight) => {
    expect(await endingOf(() => refusal(status, code, later), isRight)).toBe(ending);
  });

  test("that is put off without being told until when is a fault", async () => {
    expect(await endingOf(() => refusal(503, "SIGN_IN_BUSY"))).toBe(
      "SIGN_IN_BUSY_WITHOUT_RETRY_AFTER",
    );
  });

  test("that is let in with a wrong password is one", async () => {
    const letIn = () => Response.json({ access_token: "x" });
    expect(await endingOf(letIn, false)).toBe("LET_IN_WITH_A_WRONG_PASSWORD");
  });

  test("that does not get its socket is one", async () => {
    expect(await endingOf(() => Response.json({ access_token: "x" }))).toBe("SOCKET_GOING_AWAY");
  });

  test.each([
    ["UNREADABLE_ANSWER", 200],
    ["HTTP_502", 502],
  ])("that is answered by something else is one: %s", async (code, status) => {
    expect(await endingOf(() => new Response("<html>", { status }))).toBe(code);
  });

  test("that is not answered at all is one", async () => {
    const server = Bun.serve({ port: 0, fetch: () => new Response() });
    const url = server.url.href;
    await server.stop(true);
    expect(await attempt(url, candidate)).toEqual({ kind: "fault", code: "UNREACHABLE" });
  });
});

describe("a stream of sign-ins", () => {
  const candidate = { name: "anna", password: "?", isRight: true, address: "198.18.0.1" };

  test("opens no more than a thousand at a time, and counts the waiting of those beyond", async () => {
    let underWay = 0;
    let most = 0;
    const schedule = new Schedule();
    const startUs = nowUs() - 1_000_000;
    const order = { password: "right", count: 2500, startUs, everyUs: 0 } as const;
    const report = await stream(order, {
      schedule,
      next: () => candidate,
      attempt: async () => {
        underWay += 1;
        most = Math.max(most, underWay);
        await Bun.sleep(1);
        underWay -= 1;
        return { kind: "signed in" };
      },
    });
    schedule.stop();
    expect(most).toBe(1000);
    expect(report).toMatchObject({ signedIn: 2500, toldWhen: 0, toldWrong: 0, faults: {} });
    // All were due a second ago.
    expect(Math.min(...report.signIn.filter((_, at) => at % 2 === 0))).toBeGreaterThan(999_000);
  });

  test("counts each ending", async () => {
    const schedule = new Schedule();
    const endings = [
      { kind: "signed in" },
      { kind: "told when" },
      { kind: "told wrong" },
      { kind: "fault", code: "NO_ANSWER" },
      { kind: "fault", code: "NO_ANSWER" },
    ] as const;
    const waiting = [...endings];
    const report = await stream(
      { password: "wrong", count: endings.length, startUs: nowUs(), everyUs: 1000 },
      {
        schedule,
        next: () => candidate,
        attempt: async () => waiting.shift() as (typeof endings)[number],
      },
    );
    schedule.stop();
    expect(report).toMatchObject({ signedIn: 1, toldWhen: 1, toldWrong: 1 });
    expect(report.faults).toEqual({ NO_ANSWER: 2 });
    expect([report.signIn.length, report.refusal.length > 0]).toEqual([2, true]);
  });

  test("of nothing ends at once", async () => {
    const schedule = new Schedule();
    const attempt = async () => ({ kind: "signed in" }) as const;
    const order = { password: "right", count: 0, startUs: nowUs(), everyUs: 0 } as const;
    const report = await stream(order, { schedule, next: () => candidate, attempt });
    schedule.stop();
    expect(report.signedIn).toBe(0);
  });
});

describe("the options of sign-ins", () => {
  function read(...args: string[]) {
    const command = withSignInsOptions(new Command())
      .exitOverride()
      .configureOutput({ writeErr() {} });
    command.parse(args, { from: "user" });
    return command.opts<SignInsFlags>();
  }

  test("are three pairs of each of six scenarios beside a crowd of a thousand", () => {
    const { scenarios, pairs, windowSeconds, workload } = signInsOptionsOf(read());
    expect(scenarios.map(({ name }) => name)).toEqual([
      ...["4/s", "20/s", "storm-1000", "wrong-40/s", "wrong-200/s", "wrong-storm-10000"],
    ]);
    expect([pairs, windowSeconds]).toEqual([3, 12]);
    expect(workload.parameters).toMatchObject({ users: 1000, timeScale: 1, url: null });
    expect(workload.parameters.serverSettings).toEqual({ "trusted-proxies": "127.0.0.1" });
  });

  test("win over those, and set the server as they say", () => {
    const { scenarios, workload } = signInsOptionsOf(
      read(
        ...["--scenarios", "none, storm-5", "--users", "7", "--time-scale", "2"],
        ...["--tester-cpu", "3", "--server-setting", "hash-queue=9"],
      ),
    );
    expect(scenarios.map(({ name }) => name)).toEqual(["none", "storm-5"]);
    expect(workload.parameters).toMatchObject({ users: 7, timeScale: 2, testerCpu: 3 });
    expect(workload.parameters.serverSettings).toMatchObject({ "hash-queue": "9" });
  });

  test.each([
    ["--scenarios", "4/s,4/s"],
    ["--scenarios", "4/s,"],
    ["--scenarios", "often"],
    ["--pairs", "0"],
    ["--window-seconds", "0.5"],
  ])("%s %j is refused", (flag, value) => {
    expect(() => read(flag, value)).toThrow();
  });

  test.each([
    [["--url", "http://127.0.0.1:4000"], "a server of its own"],
    [["--accounts", "pool.jsonl"], "accounts of its own"],
    [["--server-setting", "trusted-proxies=10.0.0.1"], "sets trusted-proxies itself"],
  ])("%j is no use here", (args, words) => {
    expect(signInsMisuse(read(...args))).toContain(words);
    expect(signInsMisuse(read())).toBeUndefined();
  });
});

test("a run answers every sign-in, loses no message, and writes what it found", async () => {
  const out = join(folder, "sign-ins");
  const crowd = ["--users", "8", "--time-scale", "20"];
  const scenarios = ["--scenarios", "4/s,storm-20,wrong-20/s", "--pairs", "1"];
  const { output, errors, exitCode } = await ended(
    loadtest("sign-ins", ...crowd, ...scenarios, "--window-seconds", "3", "--out", out),
  );
  expect(errors).not.toContain("Error");
  const signIns = JSON.parse(readFileSync(join(out, "sign-ins.json"), "utf8")) as SignIns;
  expect(readFileSync(join(out, "table.md"), "utf8")).toBe(output);
  // How much slower messages are is for a quiet machine to say: 1 and 3 are verdicts on that alone.
  expect([0, 1, 3]).toContain(exitCode);
  expect(signIns.because).not.toMatch(/as they should not|went wrong|got in|misbehaved/);
  expect(signIns.integrity).toEqual({ lost: 0, doubled: 0, reordered: 0, examples: [] });
  expect(signIns.windows).toHaveLength(5);
  const [four, storm, wrong] = signIns.scenarios;
  for (const result of signIns.scenarios) expect(result.faults).toEqual({});
  expect(four).toMatchObject({ name: "4/s", due: 12, toldWrong: 0 });
  expect(storm).toMatchObject({ name: "storm-20", due: 20, toldWrong: 0 });
  expect(wrong).toMatchObject({ name: "wrong-20/s", due: 60, signedIn: 0 });
  for (const { due, signedIn, toldWhen, toldWrong } of signIns.scenarios) {
    expect(signedIn + toldWhen + toldWrong).toBe(due);
  }
  expect(four?.signedIn).toBeGreaterThan(0);
  expect(wrong?.toldWrong).toBeGreaterThan(0);
  const busy = signIns.windows.find(({ scenario }) => scenario === "storm-20");
  if (process.platform === "linux") expect(busy?.hasherLoad).toBeGreaterThan(0);
});

test.skipIf(process.platform !== "linux")(
  "each way of signing in has a row with the server's CPU",
  async () => {
    const out = join(folder, "ways");
    const { output, exitCode } = await ended(
      loadtest("sign-ins", "--ways", "--count", "40", "--out", out),
    );
    expect(exitCode).toBe(0);
    for (const way of ["password", "refresh", "ticket", "access token", "passkey"]) {
      expect(output).toMatch(new RegExp(`^\\| ${way} .*\\| 40 \\|`, "m"));
    }
    const { ways } = JSON.parse(readFileSync(join(out, "ways.json"), "utf8"));
    // Only passwords are hashed.
    expect(ways[0].hasherUs).toBeGreaterThan(1000);
    for (const way of ways.slice(1)) expect(way.hasherUs).toBeLessThan(1000);
  },
);
