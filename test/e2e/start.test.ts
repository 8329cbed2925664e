import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { folder, PATIENCE_MS, refusalOf, serveOn, startTalking } from "../support/command.ts";
import { startProcess } from "../support/process.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { register } from "../support/server.ts";
import { until } from "../support/wait.ts";

/** A database as a server leaves it behind. */
async function makeDatabase(path: string): Promise<string> {
  const server = await startProcess(path);
  await register(server.url, "ada");
  await server.end("SIGTERM");
  return join(path, "hubbub.db");
}
describe("hubbub serve", () => {
  test(
    "makes the data folder, the database, the signing key and the pepper, and logs where it listens",
    async () => {
      using data = folder();
      const dataFile = join(data.path, "some/where/hubbub.db");
      const server = await startProcess(data.path, { data: dataFile, durability: "committed" });
      // Only the owner may look at secrets and hashes.
      await register(server.url, "ada");
      const keys = ["signing.key", "pepper.key"].map((name) => join(dirname(dataFile), name));
      for (const file of [dataFile, `${dataFile}-wal`, ...keys]) {
        expect([file, (statSync(file).mode & 0o777).toString(8)]).toEqual([file, "600"]);
      }
      const listening = server.log.find(({ msg }) => msg === "listening");
      expect(listening).toMatchObject({
        level: "info",
        url: server.url,
        dataFile,
        durability: "committed",
        hashPriority: expect.stringMatching(/^(idle|low)$/),
        limits: {
          bodyBytes: 16_384,
          messagesPerSecond: 20,
          channelsPerUser: 100,
          connections: 20_000,
        },
        firstAccount: expect.stringContaining(`--register --url ${server.url}`),
      });
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      expect(await server.end("SIGTERM")).toBe(0);
    },
    PATIENCE_MS,
  );

  test(
    "greets people with the address, the data file, durability, limits and the first account",
    async () => {
      using data = folder();
      const server = await startTalking(serveOn(data.db, "--log-format=text"));
      await until(() => server.said().includes("Ctrl-C"));
      const text = server.said();
      expect(await server.end()).toBe(0);
      expect(text).toMatch(/^Hubbub \S+ is listening on http:\/\/127\.0\.0\.1:\d+$/m);
      expect(text).toMatch(new RegExp(`^ +data +${data.db}$`, "m"));
      expect(text).toMatch(/^ +durability +synced: what was acknowledged survives a power cut$/m);
      expect(text).toMatch(/^ +sign-in +passwords are hashed (only when a core|at low priority)/m);
      expect(text).toMatch(/^ +limits +16,384 bytes a message, 20 messages a second each,$/m);
      expect(text).toMatch(
        new RegExp(`chat general --user \\S+ --register --url ${server.url}$`, "m"),
      );
    },
    PATIENCE_MS,
  );
});

describe("a start that cannot succeed ends with one clear sentence", () => {
  test(
    "a taken port",
    async () => {
      using data = folder();
      using holder = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
      const sentence = await refusalOf(["serve", `--port=${holder.port}`, "--data", data.db]);
      expect(sentence).toBe(
        `Port ${holder.port} of 127.0.0.1 is taken. Stop what uses it, or name another with --port.`,
      );
      // Nothing was left locked.
      const server = await startProcess(data.path);
      await server.end("SIGTERM");
    },
    PATIENCE_MS,
  );

  test(
    "a data folder that cannot be made or written to",
    async () => {
      using data = folder();
      const file = join(data.path, "file");
      writeFileSync(file, "");
      expect(await refusalOf(serveOn(join(file, "data/hubbub.db")))).toBe(
        `The data folder ${join(file, "data")} cannot be written to (ENOTDIR). Make it writable, or name another file with --data.`,
      );
      // Not even root may write there.
      if (existsSync("/proc/self")) {
        expect(await refusalOf(serveOn("/proc/nowhere/hubbub.db"))).toContain("/proc/nowhere");
        expect(await refusalOf(serveOn("/proc/hubbub.db"))).toContain("/proc");
      }
    },
    PATIENCE_MS,
  );

  test(
    "a folder in the place of the file",
    async () => {
      using data = folder();
      mkdirSync(data.db);
      expect(await refusalOf(serveOn(data.db))).toContain(data.db);
    },
    PATIENCE_MS,
  );

  test(
    "a database made by a newer version",
    async () => {
      using data = folder();
      const db = new Database(await makeDatabase(data.path));
      db.run("PRAGMA user_version = 99");
      db.close();
      const sentence = await refusalOf(serveOn(data.db));
      expect(sentence).toStartWith(`${data.db} was made by a newer version of Hubbub`);
      expect(await refusalOf(["user", "list", "--data", data.db])).toBe(sentence);
    },
    PATIENCE_MS,
  );

  test(
    "another program's database, which is left as it is",
    async () => {
      using data = folder();
      const db = new Database(data.db);
      db.run("CREATE TABLE theirs (value)");
      db.close();
      const before = readFileSync(data.db);
      expect(await refusalOf(serveOn(data.db))).toBe(
        `${data.db} is another program's database. Name another file with --data.`,
      );
      expect(readFileSync(data.db).equals(before)).toBe(true);
    },
    PATIENCE_MS,
  );

  test(
    "a file that is no database",
    async () => {
      using data = folder();
      writeFileSync(data.db, "Dear diary, ".repeat(1000));
      expect(await refusalOf(serveOn(data.db))).toBe(
        `${data.db} is not a database. Name another file with --data.`,
      );
    },
    PATIENCE_MS,
  );

  test.each(["cut off", "overwritten in the middle"])(
    "a damaged database: %s",
    async (damage) => {
      using data = folder();
      await makeDatabase(data.path);
      const bytes = readFileSync(data.db);
      const middle = bytes.length / 2;
      if (damage === "cut off") writeFileSync(data.db, bytes.subarray(0, middle));
      else writeFileSync(data.db, bytes.fill(0x5a, 4096, middle));
      const sentence = await refusalOf(serveOn(data.db));
      expect(sentence).toStartWith(`${data.db} is damaged (`);
      expect(sentence).toEndWith("Restore a backup, or rescue it with sqlite3's .recover.");
    },
    PATIENCE_MS,
  );

  test(
    "a second server on the same file, which does not disturb the first",
    async () => {
      using data = folder();
      const first = await startProcess(data.path);
      const { accessToken } = await register(first.url, "ada");
      expect(await refusalOf(serveOn(data.db))).toBe(
        `Another Hubbub server is using ${data.db}. Stop it first.`,
      );
      const ada = await RawConnection.open(first.url, accessToken);
      await ada.expect("sent", send(1, "still here"));
      expect(await first.end("SIGTERM")).toBe(0);
    },
    PATIENCE_MS,
  );

  test(
    "a signing key that others can read",
    async () => {
      using data = folder();
      await makeDatabase(data.path);
      chmodSync(join(data.path, "signing.key"), 0o644);
      expect(await refusalOf(serveOn(data.db))).toContain("signing.key can be read by others");
    },
    PATIENCE_MS,
  );
});
