import { describe, expect, test } from "bun:test";
import { tableOf } from "../../../src/cli/profile/table.ts";
import { tableText } from "../../../src/cli/profile/table_text.ts";
import { type Made, serverProfile } from "./handmade.ts";

const main: Made[] = [
  {
    name: "receive",
    file: "src/session/receive.ts",
    hits: 100,
    calls: [
      { name: "toBinary", file: "node_modules/@bufbuild/protobuf/to-binary.js", hits: 200 },
      { name: "send", hits: 300 },
    ],
  },
];
const writer: Made[] = [
  { name: "commit", file: "src/store/committer.ts", hits: 50, calls: [{ name: "run", hits: 200 }] },
];

describe("the table of a profile", () => {
  const table = tableOf(serverProfile(main, writer));
  const costs = Object.fromEntries(
    table.rooms.map(({ room, selfMsPerSecond, totalMsPerSecond }) => [
      room,
      [selfMsPerSecond, totalMsPerSecond],
    ]),
  );

  test("tells what each room used and asked for, in ms of CPU a second", () => {
    expect(costs).toEqual({
      // 300 ms on the main thread and 200 on the writer's, in ten seconds.
      bun: [50, 50],
      "@bufbuild/protobuf": [20, 20],
      session: [10, 60],
      "outside JavaScript": [10, 10],
      store: [5, 25],
      "bun's own threads": [5, 5],
    });
    expect(table.rooms.map(({ room }) => room).slice(0, 2)).toEqual(["bun", "@bufbuild/protobuf"]);
  });

  test("leaves out what taking the samples used, and nothing else", () => {
    expect(table.cpuMsPerSecond).toBe(100);
    expect(table.samplersMsPerSecond).toBe(4);
    const selfTimes = table.rooms.map(({ selfMsPerSecond }) => selfMsPerSecond);
    expect(selfTimes.reduce((sum, time) => sum + time, 0)).toBeCloseTo(100);
    const shares = table.rooms.map(({ selfShare }) => selfShare);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
  });

  test("tells by function, with its thread and its place", () => {
    const [first] = table.functions;
    expect(first).toMatchObject({ name: "send", room: "bun", thread: "main", selfMsPerSecond: 30 });
    expect(table.functions.find(({ name }) => name === "commit")).toMatchObject({
      ...{ room: "store", thread: "writer", file: "src/store/committer.ts", line: 1 },
      ...{ selfMsPerSecond: 5, totalMsPerSecond: 25, selfShare: 0.05, totalShare: 0.25 },
    });
  });

  test("tells by thread, in JavaScript and outside", () => {
    expect(
      table.threads.map(({ name, cpuMsPerSecond, javascriptMsPerSecond }) => [
        name,
        cpuMsPerSecond,
        javascriptMsPerSecond,
      ]),
    ).toEqual([
      ["main", 70, 60],
      ["writer", 25, 25],
    ]);
    expect(table.helpers).toEqual([{ name: "JITWorker", cpuMsPerSecond: 5 }]);
  });

  test("reads as text", () => {
    const text = tableText(table);
    expect(text).toStartWith(
      "CPU profile of Hubbub 1.2.3, 2026-01-31 12:34:56 UTC: 10.0 s, 850 samples.\n",
    );
    expect(text).toContain("The server used 100.0 ms of CPU a second");
    expect(text).toMatch(/\| session +\| 10\.0 \| +10\.0% \| +60\.0 \| +60\.0% \|/);
    expect(text).toMatch(/\| commit +\| store +\| writer \| src\/store\/committer\.ts:1/);
    expect(text).not.toContain("no preference");
  });
});

test("a thread that waits inside a call is not said to have used more CPU time than it did", () => {
  const profile = serverProfile([], writer);
  const [thread] = profile.hubbub.threads;
  const hubbub = {
    ...profile.hubbub,
    threads: [{ ...(thread as NonNullable<typeof thread>), cpuMs: 50 }],
    processCpuMs: 240,
  };
  const table = tableOf({ ...profile, hubbub });
  const costs = table.functions.map(({ name, selfMsPerSecond }) => [name, selfMsPerSecond]);
  expect(costs).toEqual([
    ["run", 4],
    ["commit", 1],
  ]);
  expect(table.threads[1]).toMatchObject({ cpuMsPerSecond: 5, javascriptMsPerSecond: 5 });
});

test("a server that did nothing has a table without a share", () => {
  const idle = serverProfile([]);
  const hubbub = { ...idle.hubbub, main: { durationMs: 10_000, cpuMs: 0 }, helpers: [] };
  const table = tableOf({ ...idle, hubbub: { ...hubbub, samplersCpuMs: 0, processCpuMs: 0 } });
  expect(table.cpuMsPerSecond).toBe(0);
  expect(table.rooms.every(({ selfShare }) => selfShare === 0)).toBe(true);
  expect(tableText(table)).toContain("0 samples");
});

test("says where the samples cannot be trusted", () => {
  const profile = serverProfile(main);
  const unfair = { ...profile, hubbub: { ...profile.hubbub, sampling: "default" as const } };
  expect(tableText(tableOf(unfair))).toContain("short stretches of JavaScript are missing");
});
