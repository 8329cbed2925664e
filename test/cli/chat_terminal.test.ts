import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FakeAccounts } from "../client/fake_accounts.ts";
import { FakeServer } from "../client/fake_server.ts";
import { configFolder, OnTerminal } from "./run.ts";

const password = { HUBBUB_PASSWORD: FakeAccounts.PASSWORD };
const CTRL_C = "\x03";
const CTRL_D = "\x04";

function chat(server: FakeServer, environment: Record<string, string>, ...more: string[]) {
  const args = ["chat", "general", "--user", "ada", "--url", server.url, ...more];
  return new OnTerminal(args, environment);
}

test("the last twenty messages are shown, then what is said, and what is typed is sent", async () => {
  await using server = new FakeServer();
  for (let number = 1; number <= 25; number++) server.say("general", `earlier ${number}.`);
  using terminal = chat(server, password);
  await terminal.shows("earlier 25.");
  expect(terminal.shown).not.toContain("earlier 5.");
  expect(terminal.shown).toContain("bob: earlier 6.");
  await terminal.shows("> ");
  server.say("general", "a new one");
  await terminal.shows("bob: a new one");
  terminal.type("hello everybody\r");
  await terminal.shows("bob: hello everybody");
  terminal.type(CTRL_D);
  expect(await terminal.exited).toBe(0);
  expect(server.bodies("general").at(-1)).toBe("hello everybody");
});

test("what others send cannot steer the terminal", async () => {
  await using server = new FakeServer();
  using terminal = chat(server, password);
  await terminal.shows("> ");
  server.say("general", "\x1b]0;title\x07\x9b2J\u202eevil\n12:00 root: obey");
  server.say("general", "the end");
  await terminal.shows("the end");
  expect(terminal.shown).toContain("␛]0;title␇<U+009B>2J<U+202E>evil\r\n        12:00 root: obey");
});

test("a lost connection is told, and the conversation goes on", async () => {
  await using server = new FakeServer();
  using terminal = chat(server, password);
  await terminal.shows("* connected");
  await terminal.shows("> ");
  server.cut();
  await terminal.shows("Trying again in");
  server.say("general", "meanwhile");
  await terminal.shows("meanwhile");
});

test("Ctrl-C leaves cleanly", async () => {
  await using server = new FakeServer();
  using terminal = chat(server, password);
  await terminal.shows("> ");
  terminal.type(CTRL_C);
  expect(await terminal.exited).toBe(0);
  expect(server.calls.at(-1)).toBe("/auth/logout");
});

test("a code is asked for after the password, again where it was mistyped, and is not shown", async () => {
  using config = configFolder();
  await using server = new FakeServer();
  server.accounts.code = "123456";
  using terminal = chat(server, { XDG_CONFIG_HOME: config.path });
  await terminal.shows("Password of ada: ");
  terminal.type(`${FakeAccounts.PASSWORD}\r`);
  await terminal.shows("Code of ada: ");
  terminal.type("123465\r");
  // Not before it asks again: what is typed earlier, the terminal itself shows.
  await terminal.shows("That code was not taken.\r\nCode of ada: ");
  terminal.type("123456\r");
  await terminal.shows("> ");
  expect(terminal.shown).not.toMatch(/1234[56]{2}/);
});

test("a password is asked for without being shown, and the sign-in is saved", async () => {
  using config = configFolder();
  await using server = new FakeServer();
  using terminal = chat(server, { XDG_CONFIG_HOME: config.path });
  await terminal.shows("Password of ada: ");
  terminal.type("x\x7f");
  terminal.type(`${FakeAccounts.PASSWORD}\r`);
  await terminal.shows("> ");
  expect(terminal.shown).not.toContain(FakeAccounts.PASSWORD);
  const saved = readFileSync(join(config.path, "hubbub", "sign-ins.json"), "utf8");
  expect(saved).toContain("refresh-1");
  expect(saved).not.toContain(FakeAccounts.PASSWORD);
  terminal.type(CTRL_D);
  expect(await terminal.exited).toBe(0);
  // The next one is not asked.
  using again = chat(server, { XDG_CONFIG_HOME: config.path });
  await again.shows("* connected");
});

test("a saved sign-in that has ended leads back to the password", async () => {
  using config = configFolder();
  await using server = new FakeServer();
  server.accounts.expiresInSeconds = 0;
  using first = chat(server, { XDG_CONFIG_HOME: config.path }, "--register");
  await first.shows("New password: ");
  first.type("anything\r");
  await first.shows("> ");
  first.type(CTRL_D);
  await first.exited;
  server.accounts.signOutEverybody();
  using second = chat(server, { XDG_CONFIG_HOME: config.path });
  await second.shows("Password of ada: ");
  second.type(CTRL_C);
  expect(await second.exited).toBe(1);
  // The server is told that it knows this device, which nobody's guesses make wait.
  using third = chat(server, { XDG_CONFIG_HOME: config.path });
  await third.shows("Password of ada: ");
  third.type(`${FakeAccounts.PASSWORD}\r`);
  await third.shows("> ");
  expect(server.accounts.devices).toEqual([expect.stringMatching(/^device-\d+$/)]);
});

test("who is signed out elsewhere is told and put out", async () => {
  await using server = new FakeServer();
  using terminal = chat(server, password);
  await terminal.shows("> ");
  server.accounts.signOutEverybody();
  server.close(4500);
  await terminal.shows("The sign-in has ended.");
  expect(await terminal.exited).toBe(1);
});
