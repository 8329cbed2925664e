import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { signIn } from "../../src/client/sign_in.ts";
import { migrations } from "../../src/store/schema.ts";
import { layChannel } from "../browser/channel_log.ts";
import { refusalOf, run } from "../support/command.ts";
import { keptOf, makeOlder, untilGone } from "../support/kept.ts";
import { type ServerProcess, startProcess } from "../support/process.ts";
import { PASSWORD, register } from "../support/server.ts";
import { Talker } from "../support/talker.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";
import { numbers, readBack } from "./retention/listener.ts";

const PATIENCE_MS = 120_000;
const MB = 1_000_000;

let folder: string;
let data: string;
let server: ServerProcess;
beforeEach(async () => {
  folder = makeFolder();
  data = join(folder, "hubbub.db");
  server = await startProcess(folder);
  await register(server.url, "ada");
});
afterEach(async () => {
  await server.end("SIGKILL");
  removeFolder(folder);
});

/** Stops the server, does something to its file, and starts it with these settings. */
async function startWith(settings: Parameters<typeof startProcess>[1], change: () => void) {
  expect(await server.end("SIGTERM")).toBe(0);
  change();
  server = await startProcess(folder, settings);
}

const lay = (name: string, count: number, bodyBytes = 20) =>
  layChannel(data, name, count, (seq) => ({
    author: "ada",
    timeMs: Date.now(),
    body: `${name} ${seq} `.padEnd(bodyBytes, "x"),
  }));

async function succeed(...args: string[]): Promise<string> {
  const { out, err, code } = await run([...args, "--data", data]);
  expect({ err, code }).toEqual({ err: "", code: 0 });
  return out;
}

const keep = (channel: string, ...limits: string[]) =>
  succeed("channel", "keep", channel, ...limits);

/** Whether a channel has lost nothing but its oldest messages; returns the numbers that are kept. */
function keptNumbers(channel: string, head: number): string {
  const { gone, seqs } = keptOf(data, channel);
  expect(seqs).toEqual(numbers(gone + 1, head));
  return `${gone + 1}-${head}`;
}

function bytesOf(sql: string): number {
  using db = new Database(data, { readonly: true });
  return Number(db.query(sql).values()[0]?.[0]);
}

const usedBytes = () =>
  bytesOf(`SELECT (page_count - freelist_count) * page_size
           FROM pragma_page_count, pragma_freelist_count, pragma_page_size`);

const enter = async () =>
  Talker.enter(server.url, "ada", await signIn(server.url, "ada", PASSWORD));

describe("messages go", () => {
  test(
    "by HUBBUB_KEEP_DAYS in channels without limits of their own, and by those in others",
    async () => {
      await startWith({}, () => {
        for (const name of ["general", "hall", "yard", "attic"]) lay(name, 500);
      });
      await keep("yard", "--days=9");
      await keep("attic", "--messages=100", "--days=2");
      await untilGone(data, "attic", 400);
      makeOlder(data, 5);
      await untilGone(data, "attic", 500);
      expect(keptNumbers("general", 500)).toBe("1-500");
      await startWith({ keepDays: 3 }, () => lay("den", 5));
      await untilGone(data, "general", 500);
      await untilGone(data, "hall", 500);
      expect(keptNumbers("yard", 500)).toBe("1-500");
      // They have come since, and new ones are numbered as if nothing had gone.
      expect(keptNumbers("den", 5)).toBe("1-5");
      const ada = await enter();
      await ada.say();
      expect([...ada.acknowledged.keys()]).toEqual([501]);
      const { found, first } = await readBack(ada.client);
      expect([found.map(({ seq }) => seq), first]).toEqual([[501], 501]);
      await ada.client.close();
    },
    PATIENCE_MS,
  );

  test(
    "by --messages, --megabytes and both, at once and as more come",
    async () => {
      await startWith({ messagesPerSecond: 1000, messageBurst: 1000 }, () => {
        for (const name of ["general", "hall", "yard"]) lay(name, 300, 10_000);
      });
      await keep("general", "--messages=40");
      await keep("hall", "--megabytes=1");
      await keep("yard", "--messages=50", "--megabytes=2");
      await untilGone(data, "general", 260);
      await untilGone(data, "yard", 250);
      // A message takes a little more than its body.
      const ofHall = `SELECT sum(length(encoded)) FROM message
                      WHERE channel_id = (SELECT id FROM channel WHERE name = 'hall')`;
      await until(() => bytesOf(ofHall) <= MB);
      expect(bytesOf(ofHall)).toBeGreaterThan(MB - 11_000);
      const ada = await enter();
      for (let count = 0; count < 90; count++) await ada.say();
      await untilGone(data, "general", 350);
      expect(keptNumbers("general", 390)).toBe("351-390");
      expect(keptNumbers("yard", 300)).toBe("251-300");
      await ada.client.close();
    },
    PATIENCE_MS,
  );

  test(
    "by HUBBUB_KEEP_MEGABYTES: those that came first, but none of what is kept for ever",
    async () => {
      await startWith({}, () => {
        lay("attic", 500, 10_000);
        lay("general", 4000, 15_000);
        lay("hall", 4000, 15_000);
      });
      await keep("attic", "--forever");
      const before = usedBytes();
      expect(before).toBeGreaterThan(120 * MB);
      await startWith({ keepMegabytes: 100 }, () => {});
      await until(() => usedBytes() <= 100 * MB);
      // It stops there, to the messages of one job.
      const { gone } = keptOf(data, "general");
      await enter().then(({ client }) => client.close());
      expect(usedBytes()).toBeGreaterThan(97 * MB);
      expect(keptNumbers("general", 4000)).toBe(`${gone + 1}-4000`);
      expect(keptNumbers("hall", 4000)).toBe("1-4000");
      expect(keptNumbers("attic", 500)).toBe("1-500");
      expect(server.log.filter(({ level }) => level !== "info")).toEqual([]);

      // What is kept for ever takes more than there may be: the others keep half of that, and no less.
      await keep("hall", "--forever");
      await keep("general", "--forever");
      await startWith({ keepMegabytes: 100 }, () => lay("den", 5000, 15_000));
      const limit = "HUBBUB_KEEP_MEGABYTES cannot be held: too much of it may not go";
      await until(() => server.log.some(({ msg }) => msg === limit));
      const told = server.log.find(({ msg }) => msg === limit) as { megabytes: number };
      await until(() => usedBytes() <= (told.megabytes + 1) * MB);
      const ofDen = `SELECT sum(length(encoded)) FROM message
                     WHERE channel_id = (SELECT id FROM channel WHERE name = 'den')`;
      expect(bytesOf(ofDen)).toBeGreaterThan(35 * MB);
      expect(bytesOf(ofDen)).toBeLessThan(55 * MB);
      expect(keptNumbers("hall", 4000)).toBe("1-4000");
    },
    PATIENCE_MS,
  );
});

test(
  "messages from before an update to a version that lets them go count from the update",
  async () => {
    const DAY_MS = 86_400_000;
    await startWith({}, () => {});
    await server.end("SIGTERM");
    removeFolder(folder);
    folder = makeFolder();
    data = join(folder, "hubbub.db");
    {
      using old = new Database(data, { create: true });
      for (const sql of migrations.slice(0, 2)) old.run(sql);
      old.run("PRAGMA application_id = 0x48754242");
      old.run("PRAGMA user_version = 2");
      const row =
        "INSERT INTO account (name, name_key, password_hash, created_ms) VALUES (?, ?, '', 0)";
      old.run(row, ["ada", "ada"]);
    }
    // One from each day of a hundred, up to now.
    layChannel(data, "general", 100, (seq) => ({
      author: "ada",
      timeMs: Date.now() - (100 - seq) * DAY_MS,
      body: "before",
    }));
    lay("hall", 10);
    server = await startProcess(folder, { keepDays: 30 });
    const bob = await Talker.enter(server.url, "bob");
    await bob.say();
    makeOlder(data, 29);
    // All limits have been looked at when this one has had its effect.
    await keep("hall", "--messages=1");
    await untilGone(data, "hall", 9);
    expect(keptNumbers("general", 101)).toBe("1-101");
    await keep("general", "--days=25");
    await untilGone(data, "general", 101);
    await bob.say();
    expect([...bob.acknowledged.keys()]).toEqual([101, 102]);
    await bob.client.close();
  },
  PATIENCE_MS,
);

describe("a channel whose oldest messages are gone", () => {
  test(
    "is backed up, checked, restored, exported, archived and partly erased like any other",
    async () => {
      await startWith({}, () => lay("hall", 300));
      await keep("hall", "--messages=20");
      await untilGone(data, "hall", 280);
      const backup = join(folder, "backup.db");
      expect(await succeed("backup", backup)).toContain("20 messages");
      expect(await succeed("backup", "--check", backup)).toContain("20 messages");
      const lines = (await succeed("export", "--channel", "hall")).trim().split("\n");
      const exported = lines.map((line) => JSON.parse(line) as { type: string; seq: number });
      expect(exported.filter(({ type }) => type === "message").map(({ seq }) => seq)).toEqual(
        numbers(281, 300),
      );
      expect(await refusalOf(["message", "delete", "hall", "280", "--data", data])).toContain(
        "280",
      );
      await succeed("message", "delete", "hall", "290");
      await succeed("channel", "archive", "hall");
      expect(keptNumbers("hall", 300)).toBe("281-300");
      await keep("hall", "--messages=15");
      await untilGone(data, "hall", 285);
      await succeed("erase", "ada", "--yes");
      expect(keptNumbers("hall", 300)).toBe("286-300");

      await startWith({}, () => {});
      await server.end("SIGTERM");
      await succeed("restore", backup, "--replace");
      server = await startProcess(folder);
      expect(keptNumbers("hall", 300)).toBe("281-300");
      const ada = await enter();
      const hall = ada.client.channels.find(({ name }) => name === "hall");
      expect(hall).toMatchObject({ head: 300, first: 281 });
      expect((await ada.client.send(hall?.id ?? 0, "next")).seq).toBe(301);
      // Its limits came with it.
      await untilGone(data, "hall", 281);
      await ada.client.close();
    },
    PATIENCE_MS,
  );

  test(
    "is deleted while more of them go, and nothing is left of it",
    async () => {
      await startWith({}, () => {
        lay("hall", 30_000);
        lay("yard", 30_000);
      });
      await keep("hall", "--messages=10");
      await keep("yard", "--messages=10");
      await untilGone(data, "hall", 1000);
      await succeed("channel", "delete", "hall", "--yes");
      await untilGone(data, "yard", 29_990);
      expect(keptNumbers("yard", 30_000)).toBe("29991-30000");
      expect(bytesOf("SELECT count(*) FROM message")).toBe(10);
      expect(bytesOf("SELECT count(*) FROM retention")).toBe(1);
      expect(await succeed("backup", join(folder, "backup.db"))).toContain("10 messages");
      expect(server.log.filter(({ level }) => level !== "info")).toEqual([]);
    },
    PATIENCE_MS,
  );
});
