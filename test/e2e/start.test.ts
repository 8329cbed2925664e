import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { flagOf, type SettingName, settings, variableOf } from "../../src/config.ts";
import { hubbub, startProcess } from "../support/process.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { PASSWORD, register } from "../support/server.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";

/** Starting a process takes a second, and many on a busy machine. */
const PATIENCE_MS = 60_000;

type Environment = Record<string, string>;

function folder() {
  const path = makeFolder();
  return { path, db: join(path, "hubbub.db"), [Symbol.dispose]: () => removeFolder(path) };
}

/** Runs a command to its end, in a folder without any settings of ours. */
async function run(args: string[], env: Environment = {}, cwd = "/") {
  const child = Bun.spawn(hubbub(...args), {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, err, code };
}

/** What a command said that could not do its work: one clear sentence, and a code that says so. */
async function refusalOf(args: string[], env: Environment = {}, cwd = "/"): Promise<string> {
  const { out, err, code } = await run(args, env, cwd);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toMatch(/^hubbub: [^\n]+[.\w]\n$/);
  return err.slice("hubbub: ".length, -1);
}

const serveOn = (file: string, ...more: string[]) => ["serve", "--port=0", "--data", file, ...more];

/** Starts a server whose output is kept as it came. */
async function startTalking(args: string[], env: Environment = {}) {
  const child = Bun.spawn(hubbub(...args), {
    cwd: "/",
    env: { PATH: process.env.PATH, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  let said = "";
  const reading = [child.stdout, child.stderr].map(async (stream) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) said += decoder.decode(chunk, { stream: true });
  });
  await until(() => /listening/.test(said) || child.exitCode !== null);
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0] ?? "";
  return {
    url,
    said: () => said,
    async end() {
      child.kill("SIGTERM");
      await Promise.all([child.exited, ...reading]);
      return child.exitCode;
    },
  };
}

function post(url: string, path: string, body: unknown, accessToken = "") {
  return fetch(`${url}/auth/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${accessToken}` },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** A database as a server leaves it behind. */
async function makeDatabase(path: string): Promise<string> {
  const server = await startProcess(path);
  await register(server.url, "ada");
  await server.end("SIGTERM");
  return join(path, "hubbub.db");
}

describe("hubbub serve", () => {
  test(
    "makes the data folder, the database and the signing key, and logs where it listens",
    async () => {
      using data = folder();
      const dataFile = join(data.path, "some/where/hubbub.db");
      const server = await startProcess(data.path, { data: dataFile, durability: "committed" });
      const key = join(data.path, "some/where/signing.key");
      expect(existsSync(dataFile)).toBe(true);
      expect((statSync(key).mode & 0o777).toString(8)).toBe("600");
      const listening = server.log.find(({ msg }) => msg === "listening");
      expect(listening).toMatchObject({
        level: "info",
        url: server.url,
        dataFile,
        durability: "committed",
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
      expect(text).toMatch(/^ +limits +16,384 bytes a message, 20 messages a second each,$/m);
      expect(text).toMatch(
        new RegExp(`chat general --user \\S+ --register --url ${server.url}$`, "m"),
      );
    },
    PATIENCE_MS,
  );
});

describe("--help", () => {
  const levels = ["", "serve", "chat", "inspect", "user", "user add", "user role", "user list"];
  test.each(levels)(
    "hubbub %s --help succeeds",
    async (level) => {
      const { code, out, err } = await run([...level.split(" ").filter(Boolean), "--help"]);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).toStartWith(`Usage: hubbub ${level}`.trimEnd());
    },
    PATIENCE_MS,
  );

  test(
    "names every setting's flag, variable and default",
    async () => {
      const { out } = await run(["serve", "--help"], { COLUMNS: "200" });
      // Help is wrapped to the width of the terminal.
      const text = out.replaceAll(/\s+/g, " ");
      for (const name of Object.keys(settings) as SettingName[]) {
        const { summary, placeholder, default: fallback } = settings[name];
        const shown = fallback === "" ? "empty" : fallback;
        expect(text).toContain(`${flagOf(name)} <${placeholder}> ${summary}`);
        expect(text).toContain(`(${variableOf(name)}; default ${shown})`);
      }
    },
    PATIENCE_MS,
  );
});

describe("a wrong setting is refused with its name, its value and what would be right", () => {
  // Flags begin with dashes; what does not is a variable.
  const cases: [setting: string, value: string, right: string][] = [
    ["HUBBUB_PORT", "eighty", "a whole number from 0 to 65535"],
    ["--port", "70000", "a whole number from 0 to 65535"],
    ["--idle-seconds", "7", "a whole number from 8 to 960"],
    ["HUBBUB_STOP_SECONDS", "1.5", "a whole number from 1 to 60"],
    ["HUBBUB_CONNECTIONS", "", "a whole number from 1 to 1000000"],
    ["HUBBUB_DURABILITY", "maybe", "one of synced, committed"],
    ["--log-level", "INFO", "one of debug, info, warn, error, silent"],
    ["--host", "http://here", "a host name or an IP address"],
    ["--data", "./data/", "a file name"],
    [
      "HUBBUB_ORIGINS",
      "https://a.example, b.example",
      "origins such as https://chat.example.org, separated by commas",
    ],
    // Each is right by itself, but not beside the other's default.
    ["HUBBUB_BODY_BYTES", "65536", "at least 1024 below HUBBUB_FRAME_BYTES (65536)"],
    ["HUBBUB_OUTBOUND_BYTES", "1048576", "at least HUBBUB_FRAME_BYTES (1048577)"],
  ];
  test.each(cases)(
    "%s=%s",
    async (setting, value, right) => {
      using empty = folder();
      const flags = setting.startsWith("--") ? [`${setting}=${value}`] : [];
      const env: Environment = flags.length === 0 ? { [setting]: value } : {};
      if (setting === "HUBBUB_OUTBOUND_BYTES") env.HUBBUB_FRAME_BYTES = "1048577";
      const sentence = `${setting} is "${value}"; it should be ${right}.`;
      expect(await refusalOf(["serve", ...flags], env, empty.path)).toBe(sentence);
      expect(readdirSync(empty.path)).toEqual([]);
    },
    PATIENCE_MS,
  );

  test(
    "a flag wins over its variable, and both over the default",
    async () => {
      const env = { HUBBUB_PORT: "also wrong" };
      expect(await refusalOf(["serve", "--port=wrong"], env)).toStartWith('--port is "wrong";');
      expect(await refusalOf(["serve"], env)).toStartWith('HUBBUB_PORT is "also wrong";');
    },
    PATIENCE_MS,
  );

  test(
    "a variable that does not exist",
    async () => {
      expect(await refusalOf(["serve"], { HUBBUB_PROT: "80" })).toBe(
        "HUBBUB_PROT is no setting of Hubbub; see --help for those there are.",
      );
    },
    PATIENCE_MS,
  );

  test(
    "a signing secret is never shown, be it wrong or right",
    async () => {
      using data = folder();
      const short = "hush-hush";
      const byVariable = await refusalOf(serveOn(data.db), { HUBBUB_SIGNING_SECRET: short });
      const byFlag = await refusalOf(serveOn(data.db, `--signing-secret=${short}`));
      expect(byVariable).toStartWith("HUBBUB_SIGNING_SECRET ");
      expect(byFlag).toStartWith("--signing-secret ");
      for (const sentence of [byVariable, byFlag]) {
        expect(sentence).toContain("should be at least 32 characters");
        expect(sentence).not.toContain(short);
      }

      const secret = "a-secret-that-is-long-enough-for-everybody";
      const env = { HUBBUB_SIGNING_SECRET: secret };
      const server = await startTalking(serveOn(data.db, "--log-level=debug"), env);
      await register(server.url, "ada");
      expect(await server.end()).toBe(0);
      expect(server.said()).not.toContain(secret);
      // It was given, so none is made.
      expect(existsSync(join(data.path, "signing.key"))).toBe(false);
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

describe("hubbub user", () => {
  const env = { HUBBUB_PASSWORD: PASSWORD };

  test(
    "makes, changes and lists accounts, with no server or beside one",
    async () => {
      using data = folder();
      const file = ["--data", data.db];
      const made = await run(["user", "add", "Ada", ...file], env);
      expect(made).toEqual({ code: 0, err: "", out: "Made the account Ada with the role user.\n" });

      const server = await startProcess(data.path);
      const added = await run(["user", "add", "watch", "--role", "monitor", ...file], env);
      expect(added.out).toBe("Made the account watch with the role monitor.\n");
      expect((await run(["user", "role", "ADA", "admin", ...file])).code).toBe(0);
      const { out } = await run(["user", "list", ...file]);
      const rows = out
        .trimEnd()
        .split("\n")
        .map((line) => line.split(/ +/));
      expect(rows.map(([name, role]) => [name, role])).toEqual([
        ["Ada", "admin"],
        ["watch", "monitor"],
      ]);
      for (const [, , day] of rows) expect(day).toMatch(/^\d{4}-\d\d-\d\d$/);

      for (const name of ["ada", "watch"]) {
        expect((await post(server.url, "token", { name, password: PASSWORD })).status).toBe(200);
      }
      expect(await server.end("SIGTERM")).toBe(0);
    },
    PATIENCE_MS,
  );

  test(
    "a monitor's pong carries the server's figures, a plain user's does not",
    async () => {
      using data = folder();
      const server = await startProcess(data.path);
      const { accessToken } = await register(server.url, "ada");
      const before = await RawConnection.open(server.url, accessToken);
      const role = await run(["user", "role", "ada", "monitor", "--data", data.db]);
      expect(role).toMatchObject({ code: 0, err: "" });
      // A connection keeps the role that it was opened with.
      const plain = await before.expect("pong", { case: "ping", value: {} });
      expect(plain.figures).toBeUndefined();

      const monitor = await RawConnection.open(server.url, accessToken);
      await before.expect("sent", send(1, "something to count"));
      const { figures } = await monitor.expect("pong", { case: "ping", value: {} });
      expect(figures).toMatchObject({ messagesIn: 1, connections: 2, activeAccounts: 1 });
      expect(figures?.periodMs).toBeGreaterThan(0);
      expect(figures?.residentBytes).toBeGreaterThan(1_000_000);
      expect(figures?.coreLoad.length).toBeGreaterThan(0);
      expect(figures?.commitMs?.p99).toBeGreaterThan(0);
      // Each ping counts from the one before.
      const next = await monitor.expect("pong", { case: "ping", value: {} });
      expect(next.figures?.messagesIn).toBe(0);
      await server.end("SIGTERM");
    },
    PATIENCE_MS,
  );

  test(
    "says in one sentence what is wrong",
    async () => {
      using data = folder();
      const file = ["--data", data.db];
      const noFile = `There is no ${data.db} yet. Name the file with --data.`;
      expect(await refusalOf(["user", "list", ...file])).toBe(noFile);
      expect(await refusalOf(["user", "role", "ada", "admin", ...file])).toBe(noFile);
      expect(existsSync(data.db)).toBe(false);

      expect((await run(["user", "add", "ada", ...file], env)).code).toBe(0);
      const add = (name: string, password: string, ...more: string[]) =>
        refusalOf(["user", "add", name, ...more, ...file], { HUBBUB_PASSWORD: password });
      expect(await add("ADA", PASSWORD)).toBe("There is an account ADA already.");
      expect(await add("a b", PASSWORD)).toStartWith("The name must have 3 to 32 characters");
      expect(await add("bob", "hush")).toBe("The password must have 8 to 256 characters.");
      expect(await refusalOf(["user", "role", "ada", "king", ...file])).toBe(
        "The role must be one of user, monitor, admin.",
      );
      expect(await refusalOf(["user", "role", "eve", "admin", ...file])).toBe(
        "There is no account eve.",
      );
      const below = ["--data", join(data.db, "hubbub.db")];
      expect(await refusalOf(["user", "add", "bob", ...below], env)).toContain("cannot be written");
      writeFileSync(join(data.path, "text"), "Dear diary, ".repeat(1000));
      const text = ["--data", join(data.path, "text")];
      expect(await refusalOf(["user", "list", ...text])).toContain("is not a database");
    },
    PATIENCE_MS,
  );
});

test(
  "the log is one JSON object a line, and holds no password, token, ticket, nonce or body",
  async () => {
    using data = folder();
    const server = await startTalking(serveOn(data.db, "--log-level=debug", "--log-format=json"));
    const { url } = server;
    const secret = (what: string) => `${what}-${crypto.randomUUID()}`;
    const password = secret("password");
    const wrong = secret("wrong-password");
    const body = secret("body");
    const nonce = secret("nonce");

    type Grant = { access_token: string; refresh_token: string };
    const made = (await (await post(url, "register", { name: "ada", password })).json()) as Grant;
    expect((await post(url, "register", { name: "ada", password })).status).toBe(409);
    expect((await post(url, "token", { name: "ada", password: wrong })).status).toBe(401);
    expect((await post(url, "token", `{"name":"ada","password":"${wrong}`)).status).toBe(400);
    expect((await post(url, "token", { name: 5, password: wrong })).status).toBe(422);
    const signedIn = await post(url, "token", { name: "ada", password });
    const grant = (await signedIn.json()) as Grant;
    const { refresh_token } = grant;
    const renewed = (await (await post(url, "refresh", { refresh_token })).json()) as Grant;
    const asked = await post(url, "ticket", {}, renewed.access_token);
    const { ticket } = (await asked.json()) as { ticket: string };

    const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, [
      "hubbub.v1",
      `ticket.${ticket}`,
    ]);
    await new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
    const ada = await RawConnection.open(url, renewed.access_token);
    await ada.expect("resumed", { case: "resume", value: {} });
    await ada.expect("sent", send(1, body, nonce));
    expect(await ada.ask(send(999, body, secret("nonce")))).toMatchObject({ case: "error" });
    ada.sendRaw(`{"send":{"body":"${body}"}}`);
    await ada.until(() => ada.events.filter(({ event }) => event.case === "error").length === 2);
    // The one that was replaced, once its successor was used, is a theft: that is logged.
    const next = await post(url, "refresh", { refresh_token: renewed.refresh_token });
    const last = (await next.json()) as Grant;
    expect((await post(url, "refresh", { refresh_token })).status).toBe(401);
    await ada.untilClosed();
    expect(await server.end()).toBe(0);

    const lines = server.said().trimEnd().split("\n");
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({
        level: expect.any(String),
        time: expect.any(String),
        msg: expect.any(String),
      });
    }
    const messages = lines.map((line) => JSON.parse(line).msg);
    expect(messages).toContain("listening");
    expect(messages).toContain("stopped");
    expect(messages).toContain("retired refresh token used: session ended");
    const grants = [made, grant, renewed, last].flatMap(Object.values);
    const tokens = grants.filter((value) => typeof value === "string" && value !== "bearer");
    expect(tokens.length).toBe(8);
    const secrets = [password, wrong, body, nonce, ticket, ...tokens];
    expect(secrets.filter((text) => server.said().includes(text))).toEqual([]);
  },
  PATIENCE_MS,
);
