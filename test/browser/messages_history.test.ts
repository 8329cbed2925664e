import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { register, startServer, type TestServer } from "../support/server.ts";
import { makeFolder } from "../support/temp.ts";
import { BROWSER_TIMEOUT_MS, openBrowser, signIn, visit } from "./browser.ts";
import { layChannel } from "./channel_log.ts";

const COUNT = 100_000;
const authors = ["ada", "bob", "eve"] as const;
const settings = { commandsPerSecond: 10_000, commandBurst: 10_000 };

let browser: Browser;
let server: TestServer;
beforeAll(async () => {
  browser = await openBrowser();
  const folder = makeFolder();
  const first = await startServer({}, folder);
  for (const name of authors) await register(first.url, name);
  await first.stop();
  const beginMs = Date.now() - COUNT * 20_000;
  layChannel(join(folder, "hubbub.db"), "general", COUNT, (seq) => ({
    author: authors[Math.floor(seq / 3) % authors.length] as string,
    timeMs: beginMs + seq * 20_000,
    body: `number ${seq}${" and more".repeat((seq * 7919) % 31 === 0 ? 80 : seq % 4)}`,
  }));
  server = await startServer(settings, folder);
}, BROWSER_TIMEOUT_MS);
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

/** A channel of a hundred thousand messages, on a screen of this height. */
async function open(height: number, path = "/c/general") {
  const viewport = { width: 900, height };
  const visitor = await visit(browser, server.url, { viewport, locale: "en-GB" });
  await signIn(visitor.page, "ada", path);
  await visitor.page.locator("[data-seq]").first().waitFor();
  return visitor;
}

/** The numbers of the messages that are seen, in full. */
function seen(page: Page): Promise<number[]> {
  return page.evaluate(() => {
    const { top, bottom } = (
      document.querySelector(".messages-scroller") as Element
    ).getBoundingClientRect();
    return [...document.querySelectorAll<HTMLElement>("[data-seq]")]
      .filter((row) => {
        const box = row.getBoundingClientRect();
        return box.top >= top && box.bottom <= bottom;
      })
      .map(({ dataset }) => Number(dataset.seq));
  });
}

/** What is seen once the page has come to rest: wheels and loading go on after the call. */
async function seenAtRest(page: Page): Promise<number[]> {
  for (let before = await seen(page); ; ) {
    await Bun.sleep(150);
    const now = await seen(page);
    if (Bun.deepEquals(now, before)) return now;
    before = now;
  }
}

describe("a channel of a hundred thousand messages", () => {
  test(
    "is read back to its first message without a jump, and with a page of bounded size",
    async () => {
      await using visitor = await open(2600);
      const { jumps, shown, most } = await visitor.page.evaluate(scrollBack);
      expect(jumps).toEqual([]);
      expect(shown).toBe(COUNT);
      expect(most).toBeLessThan(6000);
    },
    5 * BROWSER_TIMEOUT_MS,
  );

  test(
    "opens at the message that the address names, and is read on from there both ways",
    async () => {
      await using visitor = await open(700, "/c/general/50000");
      const { page } = visitor;
      const target = page.locator('[data-seq="50000"]');
      await target.waitFor();
      await page.waitForFunction(() => document.activeElement?.matches('[data-seq="50000"]'));
      expect(await target.getAttribute("class")).toContain("target");
      expect(await seen(page)).toContain(50_000);

      await page.mouse.move(450, 400);
      while (Math.min(...(await seen(page))) > 49_700) await page.mouse.wheel(0, -900);
      while (Math.max(...(await seen(page))) < 50_300) await page.mouse.wheel(0, 900);
      await page.getByRole("button", { name: "Go to the newest messages" }).click();
      await page.locator(`[data-seq="${COUNT}"]`).waitFor();
      expect(await seen(page)).toContain(COUNT);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "says so where the address names a message that does not exist, and shows the newest",
    async () => {
      await using visitor = await open(700, `/c/general/${COUNT + 1}`);
      const { page } = visitor;
      await page.getByText(`There is no message ${COUNT + 1} in #general.`).waitFor();
      expect(await seen(page)).toContain(COUNT);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "is gone through with the keyboard alone",
    async () => {
      await using visitor = await open(700);
      const { page } = visitor;
      await page.getByRole("log").focus();
      await page.keyboard.press("Home");
      await page.waitForFunction(() => document.activeElement?.matches('[data-seq="1"]'));
      await page.getByText("This is where #general begins.").waitFor();
      for (let presses = 0; presses < 40; presses++) await page.keyboard.press("ArrowDown");
      await page.waitForFunction(() => document.activeElement?.matches('[data-seq="41"]'));
      expect(await seen(page)).toContain(41);
      await page.keyboard.press("ArrowUp");
      await page.waitForFunction(() => document.activeElement?.matches('[data-seq="40"]'));
      await page.keyboard.press("End");
      await page.locator(`[data-seq="${COUNT}"]`).waitFor();
      // Nothing that has the focus goes out of the page without it.
      expect(await page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe("log");
      await page.keyboard.press("ArrowUp");
      await page.waitForFunction(
        (last) => document.activeElement?.matches(`[data-seq="${last}"]`),
        COUNT,
      );
      while ((await seen(page)).includes(COUNT)) await page.keyboard.press("PageUp");
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "goes on where it was when the server was away while it was read",
    async () => {
      await using visitor = await open(700, "/c/general/30000");
      const { page } = visitor;
      const { folder } = server;
      const port = new URL(server.url).port;
      await page.locator('[data-seq="30000"]').waitFor();
      await server.stop();
      await page.mouse.move(450, 400);
      while (!(await page.getByText("Waiting for older messages").isVisible())) {
        await page.mouse.wheel(0, -900);
      }
      const before = await seenAtRest(page);
      server = await startServer({ ...settings, port }, folder);
      await page.getByText("Waiting for older messages").waitFor({ state: "detached" });
      expect(await seen(page)).toEqual(expect.arrayContaining(before));
      while (Math.min(...(await seen(page))) > 29_500) await page.mouse.wheel(0, -900);
      visitor.forgive(/WebSocket|Failed to load resource/);
    },
    BROWSER_TIMEOUT_MS,
  );
});

/**
 * In the page: scrolls up to the first message, and at each step watches one that is seen. How many were
 * shown, the most elements there were, and whatever moved by more than a pixel beside the scrolling.
 */
async function scrollBack() {
  const scroller = document.querySelector(".messages-scroller") as HTMLElement;
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const rows = () => [...scroller.querySelectorAll<HTMLElement>("[data-seq]")];
  const shown = new Set<number>();
  const jumps: string[] = [];
  let most = 0;
  for (;;) {
    for (const { dataset } of rows()) shown.add(Number(dataset.seq));
    most = Math.max(most, scroller.querySelectorAll("*").length);
    if (shown.has(1) && scroller.scrollTop === 0) break;
    const { top } = scroller.getBoundingClientRect();
    const watched = rows().find((row) => row.getBoundingClientRect().top >= top);
    const seq = watched?.dataset.seq;
    const fromPx = watched?.getBoundingClientRect().top ?? Number.NaN;
    const scrollPx = scroller.scrollTop;
    // In long strides; near the end of what is loaded as one who waits for more.
    scroller.scrollTop = Math.max(0, scrollPx - (scrollPx > 3000 ? 2000 : 200));
    const byPx = scrollPx - scroller.scrollTop;
    await frame();
    const now = scroller.querySelector(`[data-seq="${seq}"]`)?.getBoundingClientRect().top;
    const offPx = Math.abs((now ?? Number.NaN) - fromPx - byPx);
    if (!(offPx <= 1)) jumps.push(`${seq} moved by ${offPx} px`);
  }
  const isContinuous = Math.max(...shown) - Math.min(...shown) + 1 === shown.size;
  if (!isContinuous) jumps.push("there are numbers missing");
  return { jumps, shown: shown.size, most };
}
