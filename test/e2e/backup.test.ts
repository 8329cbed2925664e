import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { signIn } from "../../src/client/sign_in.ts";
import { refusalOf, run } from "../support/command.ts";
import { hubbub, type ServerProcess, startProcess } from "../support/process.ts";
import { PASSWORD } from "../support/server.ts";
import { Talker } from "../support/talker.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const PATIENCE_MS = 180_000;
const rates = { messagesPerSecond: 10_000, messageBurst: 10_000 };

let folder: string;
let data: string;
let backup: string;
let server: ServerProcess;
beforeEach(async () => {
  folder = makeFolder();
  data = join(folder, "hubbub.db");
  backup = join(folder, "backup.db");
  server = await startProcess(folder, rates);
});
afterEach(async () => {
  await server.end("SIGKILL");
  removeFolder(folder);
});

/** Starts the server anew, at the same address. */
async function startAgain(): Promise<void> {
  server = await startProcess(folder, { ...rates, port: Number(new URL(server.url).port) });
}

function messagesOf(path: string) {
  using db = new Database(path);
  return db
    .query<{ seq: number; encoded: Uint8Array }, []>(
      "SELECT * FROM message ORDER BY channel_id, seq",
    )
    .all();
}

async function succeed(...args: string[]): Promise<string> {
  const { out, err, code } = await run([...args, "--data", data]);
  expect({ err, code }).toEqual({ err: "", code: 0 });
  return out;
}

describe("hubbub backup", () => {
  test(
    "of a server that people talk on has all there was at a moment, and they notice nothing",
    async () => {
      const talkers: Talker[] = [];
      for (const name of ["ada", "bob", "cyd"]) talkers.push(await Talker.enter(server.url, name));
      for (const talker of talkers) talker.talk();
      const first = talkers[0] as Talker;
      await until(() => first.shown.length > 300);
      // One that is killed first, which must not be noticed either.
      const killed = Bun.spawn(hubbub("backup", join(folder, "killed.db"), "--data", data), {
        cwd: folder,
        stdout: "ignore",
        stderr: "ignore",
      });
      await Bun.sleep(300);
      killed.kill("SIGKILL");
      const before = Math.max(...talkers.flatMap(({ acknowledged }) => [...acknowledged.keys()]));
      const out = await succeed("backup", backup);
      expect(out).toMatch(/^\S+ has [\d,]+ messages in 1 channel, 3 accounts, [\d.]+ MB; made and/);
      expect(await succeed("backup", "--check", backup)).toMatch(
        / is whole: [\d,]+ messages in 1 /,
      );
      const { length } = first.shown;
      await until(() => first.shown.length > length + 100);
      await Promise.all(talkers.map((talker) => talker.hush()));
      const sent = new Map(talkers.flatMap(({ acknowledged }) => [...acknowledged]));
      await until(() => talkers.every(({ shown }) => shown.length === sent.size));
      for (const { shown } of talkers) {
        expect(shown.map(({ seq, body }) => [seq, body])).toEqual(
          Array.from(shown, (_, index) => [index + 1, sent.get(index + 1) as string]),
        );
      }
      await Promise.all(talkers.map(({ client }) => client.close()));
      expect(await server.end("SIGTERM")).toBe(0);
      expect(server.log.filter(({ level }) => level !== "info")).toEqual([]);

      // Message by message, byte by byte, what was acknowledged before it began included.
      const copied = messagesOf(backup);
      expect(copied.length).toBeGreaterThanOrEqual(before);
      expect(copied).toEqual(messagesOf(data).slice(0, copied.length));

      // And so has a server on what is restored of it.
      await succeed("restore", backup, "--replace");
      await startAgain();
      const ada = await signIn(server.url, "ada", PASSWORD);
      const later = await Talker.enter(server.url, "ada", ada);
      const { messages, head } = await later.client.history({ channel: 1, before: 100 });
      expect(head).toBe(copied.length);
      for (const { seq, body } of messages) expect(body).toBe(sent.get(seq) as string);
      await later.client.close();
    },
    PATIENCE_MS,
  );

  test(
    "copies the keys to a folder apart, and keeps an older key that it replaces",
    async () => {
      const keys = join(folder, "keys");
      // The hasher makes the pepper, a moment after the start.
      await until(() => existsSync(join(folder, "pepper.key")));
      await succeed("backup", backup, "--keys", keys);
      expect(readdirSync(keys).sort()).toEqual(["factors.key", "pepper.key", "signing.key"]);
      for (const name of readdirSync(keys)) {
        expect(readFileSync(join(keys, name))).toEqual(readFileSync(join(folder, name)));
        expect((statSync(join(keys, name)).mode & 0o777).toString(8)).toBe("600");
      }
      const pepper = readFileSync(join(keys, "pepper.key"), "utf8");
      await succeed("pepper", "rotate");
      await succeed("backup", join(folder, "second.db"), "--keys", keys);
      expect(readFileSync(join(keys, "pepper.key"), "utf8")).toStartWith(pepper);
      const older = readdirSync(keys).find((name) => name.startsWith("pepper.key.until-"));
      expect(readFileSync(join(keys, older as string), "utf8")).toBe(pepper);
      const third = ["backup", join(folder, "third.db"), "--data", data];
      expect(await refusalOf([...third, "--keys", folder])).toContain("are to be kept apart");
    },
    PATIENCE_MS,
  );

  test(
    "by the server's own plan is made beside it, told in its log, and rotated",
    async () => {
      await server.end("SIGTERM");
      const plan = join(folder, "plan");
      mkdirSync(plan);
      const old = ["hubbub-20260101T000000Z.db", "hubbub-20260102T000000Z.db"];
      for (const name of old) await succeed("backup", join(plan, name));
      const settings = { backups: `${plan} every 1d keep 2` };
      server = await startProcess(folder, settings);
      await until(() => server.log.some(({ msg }) => msg === "made a backup"));
      const { file } = server.log.find(({ msg }) => msg === "made a backup") as { file: string };
      await until(() => !existsSync(join(plan, old[0] as string)));
      expect(
        readdirSync(plan)
          .map((name) => join(plan, name))
          .sort(),
      ).toEqual([join(plan, old[1] as string), file].sort());
      await succeed("backup", "--check", file);
      // It is not due again.
      await server.end("SIGTERM");
      server = await startProcess(folder, settings);
      await Talker.enter(server.url, "ada").then(({ client }) => client.close());
      expect(server.log.some(({ msg }) => msg === "made a backup")).toBe(false);
      await server.end("SIGTERM");
      // One that cannot be made is an error in the log, and the server goes on.
      server = await startProcess(folder, { backups: "/proc/nowhere every 1d keep 2" });
      await until(() => server.log.some(({ level }) => level === "error"));
      expect(server.log.find(({ level }) => level === "error")?.msg).toContain("a backup failed");
      await Talker.enter(server.url, "bob").then(({ client }) => client.close());
    },
    PATIENCE_MS,
  );
});

describe("clients of a server that was restored", () => {
  /** Lets ada and bob talk before and after the backup; returns them. */
  async function live() {
    const ada = await Talker.enter(server.url, "ada");
    const bob = await Talker.enter(server.url, "bob");
    for (let count = 0; count < 5; count++) await ada.say();
    await succeed("backup", backup);
    for (let count = 0; count < 10; count++) await bob.say();
    await until(() => ada.shown.length === 15 && bob.shown.length === 15);
    expect(await refusalOf(["restore", backup, "--replace", "--data", data])).toContain(
      "Another Hubbub server is using",
    );
    return { ada, bob };
  }

  test(
    "are told that the numbers count anew, and never see messages of both logs as one",
    async () => {
      const { ada, bob } = await live();
      const { cursors } = bob.client;
      await bob.client.close();
      expect(await server.end("SIGTERM")).toBe(0);
      const out = await succeed("restore", backup, "--replace", "--keep-sign-ins");
      expect(out).toContain("Its log has a new id");
      await startAgain();
      // Ada comes back by herself.
      await until(() => ada.resets.length === 1);
      expect(ada.resets).toEqual([5]);
      for (let count = 0; count < 12; count++) await ada.say();
      await until(() => ada.shown.length === 15 + 12);
      // Her numbers go on from where the backup ends, after those that she had seen of the old log.
      expect(ada.shown.slice(15)).toEqual(
        Array.from({ length: 12 }, (_, index) => ({
          seq: 6 + index,
          body: `ada ${6 + index}`,
          resets: 1,
        })),
      );
      // Bob was away, and his numbers exist by now: they are not taken for those of this log.
      expect(cursors?.channels).toEqual([{ channel: 1, after: 15 }]);
      const back = await Talker.enter(
        server.url,
        "bob",
        await signIn(server.url, "bob", PASSWORD),
        cursors,
      );
      expect(back.resets).toEqual([17]);
      await ada.say();
      await until(() => back.shown.length === 1);
      expect(back.shown).toEqual([{ seq: 18, body: "ada 18", resets: 1 }]);
      const { messages } = await back.client.history({ channel: 1, after: 0 });
      expect(messages.map(({ body }) => body)).toEqual(
        Array.from({ length: 18 }, (_, index) => `ada ${index + 1}`),
      );
      await Promise.all([ada.client.close(), back.client.close()]);
    },
    PATIENCE_MS,
  );

  test(
    "sign in again, for what was signed in is not, and go on",
    async () => {
      const { ada, bob } = await live();
      const signedOut = Promise.all(
        [ada, bob].map(({ client }) => new Promise((resolve) => client.on("signedOut", resolve))),
      );
      const { cursors } = ada.client;
      await server.end("SIGTERM");
      const out = await succeed("restore", backup, "--replace");
      expect(out).toContain("Everybody has to sign in again (2 sign-ins ended).");
      await startAgain();
      await signedOut;
      expect(server.log.filter(({ level }) => level !== "info")).toEqual([]);
      const again = await Talker.enter(
        server.url,
        "ada",
        await signIn(server.url, "ada", PASSWORD),
        cursors,
      );
      expect(again.resets).toEqual([5]);
      await again.say();
      await until(() => again.shown.length === 1);
      expect(again.shown[0]?.seq).toBe(6);
      await again.client.close();
    },
    PATIENCE_MS,
  );
});
