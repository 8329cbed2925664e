import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { run } from "../support/command.ts";
import { makeOlder, untilGone } from "../support/kept.ts";
import { register, startServer, type TestServer } from "../support/server.ts";
import { makeFolder } from "../support/temp.ts";
import { expectAccessible } from "./accessibility.ts";
import { BROWSER_TIMEOUT_MS, openBrowser, say, sees, signIn, visit } from "./browser.ts";
import { layChannel } from "./channel_log.ts";

const COUNT = 1200;
const CHANNELS = ["general", "hall", "yard", "attic"];
const CUT = "Older messages are no longer kept";

let browser: Browser;
let server: TestServer;
beforeAll(async () => {
  browser = await openBrowser();
  const folder = makeFolder();
  const first = await startServer({}, folder);
  for (const name of ["ada", "bob"]) await register(first.url, name);
  await first.stop();
  const beginMs = Date.now() - COUNT * 60_000;
  for (const channel of CHANNELS) {
    layChannel(join(folder, "hubbub.db"), channel, COUNT, (seq) => ({
      author: "bob",
      timeMs: beginMs + seq * 60_000,
      body: `number ${seq}`,
    }));
  }
  server = await startServer({ commandsPerSecond: 10_000, commandBurst: 10_000 }, folder);
}, BROWSER_TIMEOUT_MS);
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

/** Opens a channel on a small screen. */
async function open(name: string, path: string) {
  const visitor = await visit(browser, server.url, { viewport: { width: 900, height: 700 } });
  await signIn(visitor.page, name, path);
  await visitor.page.locator(".messages-scroller[aria-busy=false]").waitFor();
  return visitor;
}

/** Sets a limit of a channel, and waits until all up to this number is gone. */
async function keep(channel: string, limit: string, gone: number): Promise<void> {
  const { dataFile } = server;
  const { code, err } = await run(["channel", "keep", channel, limit, "--data", dataFile]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  await untilGone(dataFile, channel, gone);
}

const cut = (page: Page) => page.getByText(CUT, { exact: true });

test(
  "a channel is read back to the oldest message that is kept, and says that older ones are not",
  async () => {
    await using visitor = await open("ada", "/c/hall");
    const { page } = visitor;
    await keep("hall", "--messages=500", 700);
    await page.reload();
    await page.locator(`[data-seq="${COUNT}"]`).waitFor();
    expect(await cut(page).count()).toBe(0);
    await page.mouse.move(450, 400);
    const oldest = page.locator('[data-seq="701"]');
    while (!(await oldest.isVisible())) await page.mouse.wheel(0, -1500);
    await cut(page).waitFor();
    expect(await page.getByText("This is where #hall begins.").count()).toBe(0);
    await expectAccessible(page);
    // By the keyboard, too.
    await page.getByRole("log").focus();
    await page.keyboard.press("End");
    await page.locator(`[data-seq="${COUNT}"]`).waitFor();
    await page.keyboard.press("Home");
    await page.waitForFunction(() => document.activeElement?.matches('[data-seq="701"]'));
    await page.waitForFunction(isSeen, CUT);
  },
  BROWSER_TIMEOUT_MS,
);

test(
  "a page that is open while messages go shows what it has, and goes on",
  async () => {
    await using visitor = await open("ada", "/c/yard/300");
    const { page } = visitor;
    await page.locator('[data-seq="300"]').waitFor();
    await keep("yard", "--messages=100", 1100);
    // What is looked at stays, and what comes is told.
    expect(await page.locator('[data-seq="300"]').isVisible()).toBe(true);
    await using bob = await open("bob", "/c/yard");
    await say(bob.page, "Anybody here?", "yard");
    await page.mouse.move(450, 400);
    // Read on from there, it goes on with what is kept.
    while (!(await page.locator(`[data-seq="${COUNT + 1}"]`).isVisible())) {
      await page.mouse.wheel(0, 1500);
    }
    await sees(page, "Anybody here?");
    await say(page, "Yes", "yard");
    await sees(page, "Yes");
    await sees(bob.page, "Yes");
    const oldest = async () =>
      Number(await page.locator("[data-seq]").first().getAttribute("data-seq"));
    while (!(await page.evaluate(isSeen, CUT))) await page.mouse.wheel(0, -1500);
    expect(await oldest()).toBeGreaterThan(COUNT - 100);
  },
  BROWSER_TIMEOUT_MS,
);

test(
  "a link to a message that is gone leads to the oldest that is kept, and says so",
  async () => {
    await using visitor = await open("ada", "/c/attic");
    const { page } = visitor;
    await keep("attic", "--messages=40", 1160);
    await page.goto("/c/attic/17");
    await page.getByText("Message 17 of #attic is no longer kept.").waitFor();
    await page.waitForFunction(isSeen, CUT);
    await page.locator(`[data-seq="${COUNT - 39}"]`).waitFor();
    await cut(page).waitFor();
    await page.goto(`/c/attic/${COUNT + 9}`);
    await page.getByText(`There is no message ${COUNT + 9} in #attic.`).waitFor();
  },
  BROWSER_TIMEOUT_MS,
);

test(
  "a channel of which nothing is kept says so, and goes on where it was",
  async () => {
    await using visitor = await open("ada", "/c/general");
    const { page } = visitor;
    makeOlder(server.dataFile, 3);
    await keep("general", "--days=2", COUNT);
    await page.goto("/c/general");
    await cut(page).waitFor();
    expect(await page.locator("[data-seq]").count()).toBe(0);
    expect(await page.getByText("Nothing has been said here yet.").count()).toBe(0);
    await expectAccessible(page);
    await say(page, "First again");
    await sees(page, "First again");
    expect(await page.locator("[data-seq]").first().getAttribute("data-seq")).toBe(`${COUNT + 1}`);
    await cut(page).waitFor();
  },
  BROWSER_TIMEOUT_MS,
);

/** In the page: whether the line at the top of the messages says this, and is scrolled into view. */
function isSeen(text: string): boolean {
  const scroller = document.querySelector(".messages-scroller") as Element;
  const top = scroller.querySelector(".messages-top") as Element;
  const isInView = top.getBoundingClientRect().bottom > scroller.getBoundingClientRect().top;
  return isInView && top.textContent === text;
}
