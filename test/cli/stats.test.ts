import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { migrations } from "../../src/store/schema.ts";
import { change } from "../store/backups/made_database.ts";
import { refusalOf, run } from "../support/command.ts";
import { startServer } from "../support/server.ts";
import { Talker } from "../support/talker.ts";
import { until } from "../support/wait.ts";
import { install, PATIENCE_MS, tracesOf } from "./doctor/checkup.ts";
import { addMessages } from "./doctor/messages.ts";

const MINUTE_MS = 60_000;

async function statsOf(data: string, ...args: readonly string[]) {
  const { out, err, code } = await run(["stats", "--json", "--data", data, ...args]);
  expect([err, code]).toEqual(["", 0]);
  return JSON.parse(out) as Record<string, unknown>;
}

test(
  "stats count what is in a file, and change nothing",
  async () => {
    using place = install(20);
    const now = Date.now();
    {
      using db = new Database(place.data);
      addMessages(
        db,
        2,
        [-1500, -1000, -61, -59, -30, -1].map((minutes) => now + minutes * MINUTE_MS),
      );
      for (const [id, erased, disabled] of [
        [7, null, 5],
        [8, 5, 5],
        [9, null, null],
      ]) {
        db.run(
          "INSERT INTO account (id, name, name_key, password_hash, created_ms, erased_ms, disabled_ms) VALUES (?, ?, ?, '', 0, ?, ?)",
          [id ?? 0, `user-${id}`, `user-${id}`, erased ?? null, disabled ?? null],
        );
      }
      for (const [id, expires] of [
        ["a", now + MINUTE_MS],
        ["b", now - MINUTE_MS],
      ] as const) {
        db.run(
          "INSERT INTO session (id, account_id, label, created_ms, used_ms, expires_ms) VALUES (?, 9, '', 0, 0, ?)",
          [id, expires],
        );
      }
      db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    change(place.data, "PRAGMA journal_mode = DELETE", "PRAGMA journal_mode = WAL");
    const before = tracesOf(place.folder);
    const stats = await statsOf(place.data);
    expect(tracesOf(place.folder)).toEqual(before);
    const databaseBytes = Bun.file(place.data).size;
    expect(stats).toEqual({
      accounts: 3,
      disabledAccounts: 1,
      activeSessions: 1,
      channels: 2,
      archivedChannels: 0,
      halfDeletedChannels: 0,
      largestChannels: [
        { name: "tea", messages: 26, gone: 0 },
        { name: "general", messages: 20, gone: 0 },
      ],
      messages: 46,
      goneMessages: 0,
      messagesOfLastHour: 3,
      messagesOfLastDay: 5,
      oldestMessageMs: 1_700_000_000_000,
      newestMessageMs: now - MINUTE_MS,
      databaseBytes,
      freeBytes: 0,
      walBytes: 0,
      bytesPerMessage: Math.round(databaseBytes / 46),
      backups: null,
    });
    const { out, code } = await run(["stats", "--data", place.data]);
    expect(code).toBe(0);
    expect(tracesOf(place.folder)).toEqual(before);
    expect(out.replace(/newest +\S+ \S+ UTC/, "newest NOW")).toBe(`\
accounts      3, 1 of them disabled
sign-ins      1 active
messages      46
  last hour   3
  last day    5
  oldest      2023-11-14 22:13 UTC
  newest NOW
database      0.1 MB, 0 MB of it free
  a message   ${Math.round(databaseBytes / 46).toLocaleString("en")} bytes, all things counted
WAL           0 MB
backups       none are made by the server
channels      2
              tea             26
              general         20
`);
  },
  PATIENCE_MS,
);

test(
  "stats tell what has gone, and count deleted messages and half deleted channels as what they are",
  async () => {
    using place = install(20);
    const command = async (...args: string[]) => {
      const { err, code } = await run([...args, "--data", place.data]);
      expect([err, code]).toEqual(["", 0]);
    };
    // A deleted message keeps its number.
    await command("message", "delete", "general", "5");
    await command("channel", "archive", "tea");
    expect(await statsOf(place.data)).toMatchObject({
      messages: 40,
      archivedChannels: 1,
      largestChannels: [
        { name: "general", messages: 20 },
        { name: "tea", messages: 20 },
      ],
    });
    // Trimmed: the oldest have gone; of one channel all.
    change(
      place.data,
      "DELETE FROM message WHERE channel_id = 1 AND seq <= 15",
      "INSERT INTO retention (channel_id, gone) VALUES (1, 15)",
      "DELETE FROM message WHERE channel_id = 2",
      "INSERT INTO retention (channel_id, gone) VALUES (2, 20)",
    );
    const trimmed = await statsOf(place.data);
    expect(trimmed).toMatchObject({
      messages: 5,
      goneMessages: 35,
      largestChannels: [
        { name: "general", messages: 5, gone: 15 },
        { name: "tea", messages: 0, gone: 20 },
      ],
    });
    const { out } = await run(["stats", "--data", place.data]);
    expect(out).toContain("messages      5, and 35 gone\n");
    expect(out).toContain("channels      2, 1 of them archived\n");
    expect(out).toContain("\n              general          5, and 15 gone\n");
    // A deletion that was broken off, and one that was not.
    change(
      place.data,
      "INSERT INTO channel (id, name, name_key, created_ms, deleted_ms) VALUES (7, '', 'deleted 1', 0, 5)",
    );
    change(place.data, "UPDATE channel SET deleted_ms = 5, name_key = 'deleted 2' WHERE id = 2");
    expect(await statsOf(place.data)).toMatchObject({
      channels: 2,
      archivedChannels: 0,
      halfDeletedChannels: 1,
    });
  },
  PATIENCE_MS,
);

test(
  "stats of a database without messages are zeros, and lines fit in 80 columns whatever names are like",
  async () => {
    using place = install(0);
    expect(await statsOf(place.data)).toMatchObject({
      messages: 0,
      messagesOfLastDay: 0,
      oldestMessageMs: null,
      newestMessageMs: null,
      bytesPerMessage: 0,
    });
    change(
      place.data,
      ...Array.from({ length: 12 }, (_, id) => {
        const name = `${id}-${"n".repeat(61)}`;
        return `INSERT INTO channel (name, name_key, created_ms) VALUES ('${name}', '${name}', 0)`;
      }),
    );
    const backups = join(place.outside, "backups");
    mkdirSync(backups);
    writeFileSync(join(backups, "hubbub-20260102T030405Z.db"), "x".repeat(200_000));
    const plan = `--backups=${backups} every 6h keep 14`;
    const { out } = await run(["stats", "--data", place.data, plan]);
    expect(out).toContain("channels      14\n");
    expect(out).toContain("backups       1, 0.2 MB, the newest 2026-01-02 03:04 UTC\n");
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(out.match(/n\.\.\. {10}0$/gm)).toHaveLength(8);
    expect((await statsOf(place.data, plan)).backups).toEqual({
      folder: backups,
      count: 1,
      bytes: 200_000,
      newestMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    });
    const none = `--backups=${place.outside}/nowhere every 6h keep 14`;
    expect((await statsOf(place.data, none)).backups).toMatchObject({ count: 0, newestMs: null });
  },
  PATIENCE_MS,
);

test(
  "where stats cannot be had there is one clear sentence",
  async () => {
    using place = install();
    const refusal = (data: string) => refusalOf(["stats", "--data", data]);
    const missing = join(place.outside, "nowhere.db");
    expect(await refusal(missing)).toBe(`There is no ${missing} yet. Name the file with --data.`);
    expect(await refusal(place.folder)).toBe(`${place.folder} is no file. Name one with --data.`);
    const diary = join(place.outside, "diary.txt");
    writeFileSync(diary, "Dear diary, ".repeat(1000));
    expect(await refusal(diary)).toBe(`${diary} is not a database. Name another file with --data.`);
    change(place.data, `PRAGMA user_version = ${migrations.length - 1}`);
    expect(await refusal(place.data)).toContain("is of an older version");
    change(place.data, `PRAGMA user_version = ${migrations.length + 1}`);
    expect(await refusal(place.data)).toContain("was made by a newer version");
  },
  PATIENCE_MS,
);

test(
  "beside a server under load stats follow what comes",
  async () => {
    await using server = await startServer({ messagesPerSecond: 1000, messageBurst: 1000 });
    const ada = await Talker.enter(server.url, "ada");
    ada.talk();
    await until(() => ada.acknowledged.size > 30);
    let counted = 0;
    for (let times = 0; times < 5; times++) {
      const [least, stats] = [ada.acknowledged.size, await statsOf(server.dataFile)];
      counted = Number(stats.messages);
      expect(counted).toBeGreaterThanOrEqual(least);
      expect(stats).toMatchObject({ accounts: 1, activeSessions: 1, channels: 1, goneMessages: 0 });
      expect(Number(stats.messagesOfLastHour)).toBeGreaterThanOrEqual(least);
      expect(Number(stats.walBytes)).toBeGreaterThan(0);
    }
    await ada.hush();
    const total = Math.max(...ada.acknowledged.keys());
    expect(counted).toBeLessThanOrEqual(total);
    expect(await statsOf(server.dataFile)).toMatchObject({
      messages: total,
      messagesOfLastDay: total,
    });
    await ada.client.close();
  },
  PATIENCE_MS,
);
