import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { USER_ID } from "../../build/root_folder.ts";
import { folder, post } from "../support/command.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { PASSWORD, register } from "../support/server.ts";
import { compiledProgram } from "./compiled.ts";
import { Contained, impossibility } from "./contained.ts";

// Building the program takes seconds, on a busy machine many.
setDefaultTimeout(180_000);

const impossible = impossibility();
if (impossible !== undefined) process.stderr.write(`empty root: not tested, ${impossible}\n`);
const inEmptyRoot = test.skipIf(impossible !== undefined);

let program: Awaited<ReturnType<typeof compiledProgram>> | undefined;
beforeAll(async () => {
  program = await compiledProgram();
});
afterAll(() => program?.[Symbol.dispose]());

const start = () => Contained.start(program?.path ?? "");
const statusOf = (pid: number) => readFileSync(`/proc/${pid}/status`, "utf8");

test("the program tells its version and the commit that it was built from", async () => {
  const { exited, stdout } = Bun.spawn([program?.path ?? "", "--version"], { stdout: "pipe" });
  expect(await new Response(stdout).text()).toMatch(/^\d+\.\d+\.\d+ \([\w+]+\)\n$/);
  expect(await exited).toBe(0);
});

test("the program takes no settings from a file that lies where it is started", async () => {
  using data = folder();
  writeFileSync(join(data.path, ".env"), "HUBBUB_DATA=/nowhere/hubbub.db\n");
  writeFileSync(join(data.path, "bunfig.toml"), 'preload = ["./nowhere.ts"]\n');
  const child = Bun.spawn([program?.path ?? "", "user", "list"], {
    cwd: data.path,
    env: {},
    stderr: "pipe",
  });
  expect(await new Response(child.stderr).text()).toStartWith(
    "hubbub: There is no ./data/hubbub.db yet.",
  );
  expect(await child.exited).toBe(1);
});

inEmptyRoot(
  "the program needs nothing but what the image has, and writes to its volume only",
  async () => {
    await using server = await start();
    const status = statusOf(server.pid);
    expect(/^NSpid:\s+\d+\s+(\d+)$/m.exec(status)?.[1]).toBe("1");
    expect(status).toMatch(new RegExp(`^Uid:\\s+${USER_ID}\\s+${USER_ID}\\s`, "m"));
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);

    // The hasher and its native addon, tokens, the log and both its threads.
    const { accessToken } = await register(server.url, "ada");
    const ada = await RawConnection.open(server.url, accessToken);
    await ada.expect("sent", send(1, "hello out there"));
    const { messages } = await ada.expect("historyPage", {
      case: "readHistory",
      value: { channel: 1 },
    });
    expect(messages.map(({ body }) => body)).toEqual(["hello out there"]);
    expect(server.log.find(({ msg }) => msg === "listening")).toMatchObject({
      hashPriority: "idle",
    });

    for (const path of [
      "/",
      "/monitor",
      "/openapi",
      "/openapi/swagger-ui.js",
      "/openapi/swagger-ui.css",
    ]) {
      expect((await fetch(`${server.url}${path}`)).status).toBe(200);
    }
    const files = readdirSync(`/proc/${server.pid}/root/data`).sort();
    const expected = [
      "factors.key",
      "hubbub.db",
      "hubbub.db-shm",
      "hubbub.db-wal",
      "hubbub.db.lock",
    ];
    expect(files).toEqual([...expected, "pepper.key", "signing.key"]);
    expect(readdirSync(`/proc/${server.pid}/root/tmp`)).toEqual([]);
    const complaints = server.log.filter(({ level }) => level !== "info" && level !== "debug");
    expect(complaints).toEqual([]);
  },
);

inEmptyRoot("commands work beside the server, as by docker exec", async () => {
  await using server = await start();
  const env = { HUBBUB_PASSWORD: PASSWORD };
  expect(await server.run(["health", server.url])).toMatchObject({ code: 0, err: "" });
  const added = await server.run(["user", "add", "eve", "--role", "admin"], env);
  expect(added).toMatchObject({ code: 0, err: "" });
  const answer = await post(server.url, "token", { name: "eve", password: PASSWORD });
  expect(answer.status).toBe(200);
  const out = ["--seconds", "1", "--out", "/data/profile"];
  const profile = await server.run(["profile", "--user", "eve", "--url", server.url, ...out], env);
  expect(profile.code).toBe(0);
  const before = "/data/profile/server.cpuprofile";
  const compared = ["profile", "compare", before, before, "--out", "/data/compared"];
  expect(await server.run(compared)).toMatchObject({ code: 0 });
  expect((await server.run(["pepper", "list"])).code).toBe(0);
  const backup = ["backup", "/data/today.db", "--keys", "/data/keys"];
  expect(await server.run(backup)).toMatchObject({ code: 0, err: "" });
  expect((await server.run(["backup", "--check", "/data/today.db"])).code).toBe(0);
  const stats = await server.run(["stats", "--json"]);
  expect(JSON.parse(stats.out)).toMatchObject({ accounts: 1, activeSessions: 1 });
  const { port } = new URL(server.url);
  const doctor = await server.run(["doctor", "--full", "--json", "--port", port]);
  expect(doctor.err).toBe("");
  const findings = JSON.parse(doctor.out) as { about: string; level: string; text: string }[];
  const levels = new Map(findings.map(({ about, level }) => [about, level]));
  for (const about of ["database", "folder", "keys", "pepper", "clock", "server"]) {
    expect([about, levels.get(about)]).toEqual([about, "ok"]);
  }
  expect(findings.find(({ about }) => about === "open files")?.text).toStartWith("The server may");
});

inEmptyRoot("stops by one signal as the first process, with everything written", async () => {
  await using server = await start();
  const { accessToken } = await register(server.url, "ada");
  const ada = await RawConnection.open(server.url, accessToken);
  await ada.expect("sent", send(1, "good night"));
  expect(await server.stop()).toBe(0);
  expect((await ada.untilClosed()).code).toBe(1001);
  expect(server.log.at(-1)).toMatchObject({ msg: "stopped" });
});
