import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { FakeAccounts } from "../client/fake_accounts.ts";
import { FakeServer } from "../client/fake_server.ts";
import { configFolder, run } from "./run.ts";

const password = { HUBBUB_PASSWORD: FakeAccounts.PASSWORD };
const as = (server: FakeServer, ...more: string[]) => [
  ...["chat", "general", "--user", "deploy", "--url", server.url],
  ...more,
];

test("each line of a pipe is sent, in order, and nothing is shown", async () => {
  await using server = new FakeServer();
  server.say("general", "nobody shows this");
  const ran = await run(as(server), "deploy started\n\ndeploy done", password);
  expect(ran).toEqual({ exitCode: 0, output: "", errors: "" });
  expect(server.bodies("general").slice(1)).toEqual(["deploy started", "deploy done"]);
});

test("a line that was lost on the way is sent again, once", async () => {
  await using server = new FakeServer();
  let losses = 2;
  server.command = (_, __, command) => {
    if (command.case !== "send" || losses-- <= 0) return true;
    server.cut();
    return false;
  };
  const ran = await run(as(server), "one\ntwo\n", password);
  expect(ran).toEqual({ exitCode: 0, output: "", errors: "" });
  expect(server.bodies("general")).toEqual(["one", "two"]);
});

test("a line that is refused is named, the others are sent, and the exit code tells", async () => {
  await using server = new FakeServer();
  server.command = (peer, request, command) => {
    if (command.case !== "send" || command.value.body !== "two") return true;
    peer.refuse(request, ErrorCode.INVALID_ARGUMENT);
    return false;
  };
  const ran = await run(as(server), "one\ntwo\nthree\n", password);
  expect(ran.exitCode).toBe(1);
  expect(ran.errors).toBe("hubbub: line 2 was not sent: refused by the test\n");
  expect(server.bodies("general")).toEqual(["one", "three"]);
});

test("a sign-in with HUBBUB_PASSWORD is ended at the end, and not saved", async () => {
  using config = configFolder();
  await using server = new FakeServer();
  await run(as(server), "hello", { ...password, XDG_CONFIG_HOME: config.path });
  expect(server.calls).toEqual(["/auth/token", "/auth/logout"]);
  expect(readdirSync(config.path)).toEqual([]);
});

test("a second factor is that of HUBBUB_CODE, or the sentence says where it may come from", async () => {
  await using server = new FakeServer();
  server.accounts.code = "123456";
  const ran = await run(as(server), "hello", { ...password, HUBBUB_CODE: "123456" });
  expect(ran).toEqual({ exitCode: 0, output: "", errors: "" });
  expect(server.calls).toEqual(["/auth/token", "/auth/token/factor", "/auth/logout"]);
  const without = await run(as(server), "hello", password);
  expect(without).toEqual({
    exitCode: 1,
    output: "",
    errors:
      "hubbub: This account has a second factor: set HUBBUB_CODE, or sign in once from a terminal.\n",
  });
  const wrong = await run(as(server), "hello", { ...password, HUBBUB_CODE: "654321" });
  expect(wrong).toEqual({ exitCode: 1, output: "", errors: "hubbub: The code is wrong.\n" });
});

test("--register makes the account", async () => {
  await using server = new FakeServer();
  const ran = await run(as(server, "--register"), "hello", password);
  expect(ran.exitCode).toBe(0);
  expect(server.calls[0]).toBe("/auth/register");
});

test("a saved sign-in is used, and its successor saved for its owner alone", async () => {
  using config = configFolder();
  await using server = new FakeServer();
  const { refresh_token: refreshToken } = server.accounts.signIn("deploy");
  const user = { id: 7, name: "deploy", role: "user" };
  const expired = { accessToken: "old", accessExpiresAtMs: 0, refreshToken, user };
  mkdirSync(join(config.path, "hubbub"));
  const file = join(config.path, "hubbub", "sign-ins.json");
  writeFileSync(file, JSON.stringify({ [server.url]: { deploy: expired } }));

  const environment = { XDG_CONFIG_HOME: config.path };
  expect(await run(as(server), "one", environment)).toMatchObject({ exitCode: 0, errors: "" });
  // The access token is still good, so the second run asks for nothing.
  expect(await run(as(server), "two", environment)).toMatchObject({ exitCode: 0, errors: "" });
  expect(server.calls).toEqual(["/auth/refresh"]);
  expect(server.bodies("general")).toEqual(["one", "two"]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).toContain("refresh-2");
  expect(readdirSync(join(config.path, "hubbub"))).toEqual(["sign-ins.json"]);
});

test("several processes that share an expired sign-in use its refresh token once", async () => {
  using config = configFolder();
  await using server = new FakeServer();
  const { refresh_token: refreshToken } = server.accounts.signIn("deploy");
  const user = { id: 7, name: "deploy", role: "user" };
  const expired = { accessToken: "old", accessExpiresAtMs: 0, refreshToken, user };
  mkdirSync(join(config.path, "hubbub"));
  const file = join(config.path, "hubbub", "sign-ins.json");
  writeFileSync(file, JSON.stringify({ [server.url]: { deploy: expired } }));
  const environment = { XDG_CONFIG_HOME: config.path };
  const bodies = ["one", "two", "three", "four"];
  const runs = await Promise.all(bodies.map((body) => run(as(server), body, environment)));
  expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
  expect(server.calls).toEqual(["/auth/refresh"]);
  expect(server.bodies("general").toSorted()).toEqual(bodies.toSorted());
});

test.each<[string, string[], Record<string, string>, number, string]>([
  ["a wrong password", [], { HUBBUB_PASSWORD: "wrong" }, 1, "Name or password is wrong."],
  [
    "no password and no terminal",
    [],
    {},
    1,
    "There is no password: set HUBBUB_PASSWORD, or sign in once from a terminal.",
  ],
  ["a server that is not there", ["--url", "http://127.0.0.1:1"], password, 1, "does not answer"],
  ["an address that is none", ["--url", "chat.example.org"], password, 2, "address"],
  ["a name that is none", ["--user", "x"], password, 2, "3 to 32 characters"],
])("%s is one sentence and an exit code", async (_, args, environment, exitCode, text) => {
  using config = configFolder();
  await using server = new FakeServer();
  const settings = { XDG_CONFIG_HOME: config.path, ...environment };
  const ran = await run(as(server, ...args), "hello", settings);
  expect(ran).toMatchObject({ exitCode, output: "" });
  expect(ran.errors).toContain(text);
  expect(ran.errors.trimEnd().split("\n")).toHaveLength(1);
});

test("the server and the account may come from the environment", async () => {
  await using server = new FakeServer();
  const environment = { ...password, HUBBUB_URL: server.url, HUBBUB_USER: "deploy" };
  expect(await run(["chat", "general"], "hello", environment)).toMatchObject({ exitCode: 0 });
  const nobody = await run(["chat", "general"], "hello", password);
  expect(nobody).toMatchObject({
    exitCode: 2,
    errors: "hubbub: Say who you are: --user NAME, or HUBBUB_USER.\n",
  });
});

test("being signed out in the middle is said, and nothing more is sent", async () => {
  await using server = new FakeServer();
  server.command = (_, __, command) => {
    if (command.case !== "send") return true;
    server.accounts.signOutEverybody();
    server.close(4500);
    return false;
  };
  const ran = await run(as(server), "one\ntwo\n", password);
  expect(ran.exitCode).toBe(1);
  expect(ran.errors).toBe("hubbub: line 1 was not sent: The sign-in has ended.\n");
});
