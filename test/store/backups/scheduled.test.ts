import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "../../../src/config.ts";
import { Counters } from "../../../src/monitor/counters.ts";
import { createLog } from "../../../src/monitor/log.ts";
import { backupName } from "../../../src/store/backups/names.ts";
import { ScheduledBackups } from "../../../src/store/backups/scheduled.ts";
import { ManualClock } from "../../client/manual_clock.ts";
import { makeFolder, removeFolder } from "../../support/temp.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

let folder: string;
let clock: ManualClock;
let counters: Counters;
let began: number[];
let make: (file: string, signal: AbortSignal) => Promise<void>;
beforeEach(() => {
  folder = join(makeFolder(), "backups");
  clock = new ManualClock();
  counters = new Counters();
  began = [];
  make = async (file) => writeFileSync(file, "a backup");
});
afterEach(() => removeFolder(join(folder, "..")));

function start(keep = 3): ScheduledBackups {
  const log = createLog("silent", "json");
  const backups = new ScheduledBackups({
    folder,
    everyMs: HOUR_MS,
    keep,
    async make(file, signal) {
      began.push(clock.nowMs());
      await make(file, signal);
      return { bytes: 8, messages: 0 };
    },
    counters,
    log,
    now: clock.nowMs,
    clockMs: clock.nowMs,
    after: (ms, call) => clock.after(ms, call),
  });
  backups.start();
  return backups;
}

/** Lets time pass, and what it began come to its end. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  for (let turn = 0; turn < 10; turn++) await Bun.sleep(0);
}

const names = () => readdirSync(folder).sort();

describe("backups by a plan", () => {
  test("are made at once where there is none, and then each time one is due", async () => {
    const backups = start();
    const first = clock.nowMs();
    for (let round = 0; round < 3; round++) await pass(round === 0 ? 0 : HOUR_MS);
    expect(began).toEqual([first, first + HOUR_MS, first + 2 * HOUR_MS]);
    expect(names()).toEqual(began.map(backupName));
    expect(counters).toMatchObject({ backups: 3, backupsFailed: 0, newestBackupBytes: 8 });
    expect(counters.newestBackupMs).toBe(Math.floor((began[2] as number) / 1000) * 1000);
    await backups.stop();
    await pass(5 * HOUR_MS);
    expect(began.length).toBe(3);
  });

  test("go on after a restart when the next is due, by the newest one's name", async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, backupName(clock.nowMs() - 40 * MINUTE_MS)), "");
    writeFileSync(join(folder, backupName(clock.nowMs() - 30 * HOUR_MS)), "");
    const backups = start();
    await pass(19 * MINUTE_MS);
    expect(began.length).toBe(0);
    await pass(2 * MINUTE_MS);
    expect(began.length).toBe(1);
    await backups.stop();
  });

  test("do not wait for a future that a wrong clock has left behind, nor give way to it", async () => {
    mkdirSync(folder, { recursive: true });
    for (const hours of [1000, 2000]) {
      writeFileSync(join(folder, backupName(clock.nowMs() + hours * HOUR_MS)), "");
    }
    const backups = start(2);
    await pass(0);
    expect(began.length).toBe(1);
    expect(names()).toContain(backupName(began[0] as number));
    expect(counters.newestBackupMs).toBe(Math.floor((began[0] as number) / 1000) * 1000);
    await pass(HOUR_MS);
    expect(names()).toEqual(began.map(backupName));
    await backups.stop();
  });

  test("keep as many as they are to, and delete nothing but backups", async () => {
    mkdirSync(folder, { recursive: true });
    const others = ["hubbub.db", "notes.txt", "hubbub-20260101T000000Z.db.old", "hubbub-2026.db"];
    for (const name of others) writeFileSync(join(folder, name), "mine");
    mkdirSync(join(folder, "hubbub-20200101T000000Z.db"));
    const backups = start(2);
    for (let round = 0; round < 5; round++) await pass(round === 0 ? 0 : HOUR_MS);
    expect(names()).toEqual(
      [...others, "hubbub-20200101T000000Z.db", ...began.slice(-2).map(backupName)].sort(),
    );
    await backups.stop();
  });

  test("that fail are counted and tried again soon, and nothing is deleted for them", async () => {
    const backups = start(1);
    await pass(0);
    make = () => Promise.reject(new Error("There is no room."));
    await pass(HOUR_MS);
    await pass(10 * MINUTE_MS);
    expect(began.length).toBe(3);
    expect(counters).toMatchObject({ backups: 1, backupsFailed: 2 });
    expect(names()).toEqual([backupName(began[0] as number)]);
    make = async (file) => writeFileSync(file, "a backup");
    await pass(10 * MINUTE_MS);
    expect(names()).toEqual([backupName(began[3] as number)]);
    await backups.stop();
  });

  test("that have not ended when the next is due are ended", async () => {
    make = (file, signal) =>
      new Promise((_, reject) => {
        // As a process that is killed.
        writeFileSync(`${file}.4194305.part`, "half");
        signal.addEventListener("abort", () => reject(new Error("killed")));
      });
    const backups = start();
    await pass(0);
    await pass(HOUR_MS);
    expect(counters.backupsFailed).toBe(1);
    expect(names()).toEqual([]);
    await pass(10 * MINUTE_MS);
    expect(began.length).toBe(2);
    // So does stopping, which is no failure.
    await backups.stop();
    expect(counters.backupsFailed).toBe(1);
    expect(existsSync(folder) && names()).toEqual([]);
  });
});

describe("HUBBUB_BACKUPS", () => {
  const planOf = (text: string) => readConfig({}, { HUBBUB_BACKUPS: text }).backups;

  test("is a folder, an interval and a number", () => {
    expect(planOf("")).toBeNull();
    expect(planOf("/backups every 6h keep 14")).toEqual({
      folder: "/backups",
      everyMs: 6 * HOUR_MS,
      keep: 14,
    });
    expect(planOf("./old every day every 30m keep 1")).toEqual({
      folder: "./old every day",
      everyMs: 30 * MINUTE_MS,
      keep: 1,
    });
    expect(planOf("/b every 1d keep 7")?.everyMs).toBe(24 * HOUR_MS);
  });

  test.each([
    "daily",
    "/b",
    "/b every 6h",
    "/b every 0h keep 3",
    "/b every 6h keep 0",
    "/b every 25d keep 2",
    " every 6h keep 2",
    "/b every 6w keep 2",
  ])("is refused as %p", (text) => {
    expect(() => planOf(text)).toThrow("such as /backups every 6h keep 14");
  });
});
