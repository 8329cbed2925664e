import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { migrations } from "../../src/store/schema.ts";
import { change, makeDatabase } from "../store/backups/made_database.ts";
import { run } from "../support/command.ts";
import { nextVersion, type Program } from "../support/next_version.ts";
import { hubbub, type ServerProcess, startProcess } from "../support/process.ts";
import { Talkers } from "../support/talkers.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const PATIENCE_MS = 180_000;
const TALKERS = 6;
const NOW = migrations.length;
const rates = { messagesPerSecond: 10_000, messageBurst: 10_000 };
/** In each of two channels; so the backup and the change take a moment. More of them, to measure a longer one. */
const OLD_MESSAGES = Number(process.env.UPDATE_MESSAGES ?? 40_000);
/** What the next version does to the database: all messages are read and written once. */
const CHANGE = "CREATE TABLE of_the_next AS SELECT id, nonce, encoded FROM message";

let folder: string;
let data: string;
let server: ServerProcess;
beforeEach(async () => {
  folder = makeFolder();
  data = join(folder, "hubbub.db");
  makeDatabase(data, OLD_MESSAGES, "x".repeat(300));
  // Its messages are of 2023, and the clock has not jumped since.
  change(data, `INSERT INTO meta VALUES ('retention_ms', '${Date.now()}')`);
  server = await startProcess(folder, rates);
});
afterEach(async () => {
  await server.end("SIGKILL");
  removeFolder(folder);
});

/** Starts a program where the server was, as a service manager does. */
async function startInPlace(program: Program = hubbub): Promise<void> {
  const settings = { ...rates, port: Number(new URL(server.url).port) };
  server = await startProcess(folder, settings, [], program);
}

function tell(file = data) {
  using db = new Database(file);
  const read = (sql: string) => Number(Object.values(db.query(sql).get() as object)[0]);
  return {
    version: read("PRAGMA user_version"),
    head: read("SELECT max(seq) FROM message WHERE channel_id = 1"),
  };
}

const notable = () => server.log.filter(({ level }) => level !== "info" && level !== "debug");

test(
  "a new version that changes the database: clients notice a pause, and nothing else",
  async () => {
    const next = nextVersion(join(folder, "next"), CHANGE);
    const talkers = await Talkers.enter(server.url, TALKERS);
    await talkers.hear(200);
    const beganMs = performance.now();
    expect(await server.end("SIGTERM")).toBe(0);
    const { head } = tell();
    await startInPlace(next);
    const awayMs = Math.round(performance.now() - beganMs);
    await talkers.hear(200);
    await talkers.hush();
    process.stderr.write(`away for ${awayMs} ms; ${talkers.silences}\n`);
    await talkers.expectWhole();
    expect([...talkers.states].sort()).toEqual(["connecting", "online", "waiting"]);
    expect(notable()).toEqual([]);
    const backup = `${data}.schema-${NOW}`;
    expect(server.log.find(({ msg }) => msg === "bringing the database up to date")).toMatchObject({
      from: NOW,
      to: NOW + 1,
      backup,
    });
    await talkers.close();
    expect(await server.end("SIGTERM")).toBe(0);
    expect(tell(backup)).toEqual({ version: NOW, head });
    expect(tell().version).toBe(NOW + 1);
  },
  PATIENCE_MS,
);

test(
  "a new version that does not start has changed nothing: the old one goes on in its place",
  async () => {
    const broken = nextVersion(join(folder, "next"), `${CHANGE}; INSERT INTO nowhere VALUES (1)`);
    const talkers = await Talkers.enter(server.url, TALKERS);
    await talkers.hear(200);
    expect(await server.end("SIGTERM")).toBe(0);
    const before = tell();
    for (let tries = 0; tries < 2; tries++) {
      await expect(startInPlace(broken)).rejects.toThrow(
        /^the server ended: hubbub: .*no such table: nowhere/,
      );
      expect(tell()).toEqual(before);
    }
    // Each try made the same backup, which is kept for the one that succeeds.
    expect(readdirSync(folder).filter((name) => /schema-|part/.test(name))).toEqual([
      `hubbub.db.schema-${NOW}`,
    ]);
    await startInPlace();
    await talkers.hear(200);
    await talkers.hush();
    await talkers.expectWhole();
    expect([...talkers.states].sort()).toEqual(["connecting", "online", "waiting"]);
    expect(notable()).toEqual([]);
    await talkers.close();
  },
  PATIENCE_MS,
);

test(
  "back from a new version to the old one by the backup: what was acknowledged before is there once",
  async () => {
    const next = nextVersion(join(folder, "next"), CHANGE);
    const talkers = await Talkers.enter(server.url, TALKERS);
    await talkers.hear(200);
    expect(await server.end("SIGTERM")).toBe(0);
    const { head } = tell();
    await startInPlace(next);
    await talkers.hear(200);
    expect(await server.end("SIGTERM")).toBe(0);
    const later = tell();

    await expect(startInPlace()).rejects.toThrow(/was made by a newer version of Hubbub/);
    const backup = `${data}.schema-${NOW}`;
    const { err, code } = await run([
      ...["restore", backup, "--replace", "--keep-sign-ins", "--data", data],
    ]);
    expect({ err, code }).toEqual({ err: "", code: 0 });
    await startInPlace();
    // They come back by themselves, are told that numbers count anew, and go on where the backup ends.
    await until(() => talkers.all.every(({ resets }) => resets.length === 1));
    await talkers.hear(200);
    await talkers.hush();
    expect(notable()).toEqual([]);
    const first = talkers.all[0]?.client;
    const { channels } = first as NonNullable<typeof first>;
    const newest = channels[0]?.head ?? 0;
    for (const { shown } of talkers.all) {
      const before = shown.filter(({ resets, seq }) => resets === 0 && seq <= head);
      const after = shown.filter(({ resets }) => resets === 1);
      expect(before.map(({ seq }) => seq)).toEqual(
        Array.from({ length: head - OLD_MESSAGES }, (_, index) => OLD_MESSAGES + 1 + index),
      );
      expect(new Set(after.map(({ body }) => body)).size).toBe(after.length);
      expect(after.map(({ seq }) => seq)).toEqual(
        Array.from({ length: after.length }, (_, index) => (after[0]?.seq ?? 0) + index),
      );
    }
    expect(newest).toBeGreaterThan(head);
    await talkers.close();
    expect(await server.end("SIGTERM")).toBe(0);
    // Nothing that anybody was told of before the update is missing, and no message is there twice.
    using db = new Database(data);
    const { rows, bodies } = db
      .query<{ rows: number; bodies: number }, []>(
        "SELECT count(*) AS rows, count(DISTINCT nonce) AS bodies FROM message WHERE channel_id = 1",
      )
      .get() as { rows: number; bodies: number };
    expect({ rows, bodies }).toEqual({ rows: tell().head, bodies: tell().head });
    // And what was said under the new version is kept, for who wants to read it with that.
    const kept = readdirSync(folder).find((name) => /\.replaced-\d+T\d+Z$/.test(name)) ?? "";
    expect(tell(join(folder, kept))).toEqual(later);
    expect(existsSync(backup)).toBe(true);
  },
  PATIENCE_MS,
);
