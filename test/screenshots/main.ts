import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { HubbubClient } from "../../src/client/client.ts";
import { register } from "../../src/client/sign_in.ts";
import { composerOf, openBrowser, signIn, visit } from "../browser/browser.ts";
import { type ServerProcess, startProcess } from "../support/process.ts";
import { PASSWORD, setRole } from "../support/server.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { elsewhere, general, type Line, last, others, READER } from "./talk.ts";

/**
 * Takes the pictures of the README from a real run: a server of its own, people who talk, and for
 * the dashboard the load tester beside them. `bun run screenshots` writes them to docs/images.
 */

const FOLDER = join(import.meta.dir, "../../docs/images");
/** Whoever clones the repository has them all. */
const MAX_BYTES = 250_000;
/** Long enough for a line to be seen in a chart of five minutes. */
const LOAD_MS = 120_000;
const LOAD_USERS = 150;

const wide = { viewport: { width: 1200, height: 720 } };
const phone = { viewport: { width: 390, height: 780 }, deviceScaleFactor: 2, hasTouch: true };
const place = { locale: "en-GB", timezoneId: "Europe/Berlin", reducedMotion: "reduce" } as const;

const folder = makeFolder();
mkdirSync(FOLDER, { recursive: true });
const limits = { triesPerMinute: 100_000, newAccountsPerHour: 100_000, messagesPerSecond: 1000 };
const server = await startProcess(folder, { ...limits, messageBurst: 1000 });
const browser = await openBrowser();
try {
  await picturesOfTheChat(browser, server);
  await pictureOfTheDashboard(browser, server);
} finally {
  await browser.close();
  await server.end("SIGTERM");
  removeFolder(folder);
}

async function picturesOfTheChat(browser: Browser, { url }: ServerProcess): Promise<void> {
  const people = new Map<string, HubbubClient>();
  for (const name of [READER, ...others]) {
    const client = new HubbubClient({ url, credentials: await register(url, name, PASSWORD) });
    await client.connect();
    for (const channel of ["general", ...Object.keys(elsewhere)]) await client.join(channel);
    people.set(name, client);
  }
  const clientOf = (name: string) => people.get(name) as HubbubClient;
  const idOf = (channel: string) =>
    clientOf(READER).channels.find(({ name }) => name === channel)?.id ?? 0;
  const say = (channel: string, [author, body]: Line) => clientOf(author).send(idOf(channel), body);
  for (const line of general) await say("general", line);

  const looks: readonly (readonly [string, BrowserContextOptions])[] = [
    ["chat-light", { ...wide, colorScheme: "light" }],
    ["chat-dark", { ...wide, colorScheme: "dark" }],
    ["chat-phone", { ...phone, colorScheme: "light" }],
  ];
  const visitors = [];
  for (const [name, options] of looks) {
    const visitor = await visit(browser, url, { ...place, ...options });
    await signIn(visitor.page, READER, "/c/general");
    await composerOf(visitor.page);
    visitors.push({ name, visitor });
  }
  for (const [channel, lines] of Object.entries(elsewhere)) {
    for (const line of lines) await say(channel, line);
  }
  await say("general", last);
  for (const { name, visitor } of visitors) {
    const { page } = visitor;
    await page.getByText(last[1]).waitFor();
    await page.mouse.move(0, 0);
    clientOf("barbara").typing(idOf("general"));
    await page.getByText("barbara is typing").waitFor();
    await take(page, name);
    await visitor[Symbol.asyncDispose]();
  }
  for (const client of people.values()) await client.close();
}

async function pictureOfTheDashboard(browser: Browser, server: ServerProcess): Promise<void> {
  const { url } = server;
  await register(url, "operator", PASSWORD);
  setRole(join(folder, "hubbub.db"), "operator", "monitor");
  const pool = ["--accounts", join(folder, "pool.jsonl")];
  const count = ["--count", String(LOAD_USERS)];
  await loadtest("accounts", ...pool, ...count, "--data", join(folder, "hubbub.db")).exited;
  const people = ["--users", String(LOAD_USERS), "--connect-every", "0.4"];
  const actions = ["--between", "2", "--actions", "200"];
  const tester = loadtest("--url", url, ...pool, ...people, ...actions);
  try {
    await using visitor = await visit(browser, url, {
      ...place,
      viewport: { width: 1200, height: 1020 },
      colorScheme: "light",
    });
    const { page } = visitor;
    await page.goto("/monitor");
    await page.getByLabel("Name", { exact: true }).fill("operator");
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Live", { exact: true }).waitFor();
    await Promise.race([Bun.sleep(LOAD_MS), tester.exited]);
    if (tester.exitCode !== null) throw new Error(`the load ended: ${tester.exitCode}`);
    await take(page, "dashboard");
  } finally {
    tester.kill();
    await tester.exited;
  }
}

function loadtest(...args: string[]) {
  const program = join(import.meta.dir, "../../loadtest/main.ts");
  return Bun.spawn([process.execPath, program, ...args], { stdout: "ignore", stderr: "inherit" });
}

async function take(page: Page, name: string): Promise<void> {
  const path = join(FOLDER, `${name}.png`);
  await page.screenshot({ path });
  const { size } = statSync(path);
  process.stdout.write(`${name}.png: ${Math.round(size / 1000)} KB\n`);
  if (size > MAX_BYTES) throw new Error(`${path} is larger than ${MAX_BYTES} bytes`);
}
