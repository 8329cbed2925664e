import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { RawConnection } from "../support/raw_connection.ts";
import { register, type SignIn, startServer, type TestServer } from "../support/server.ts";
import { expectAccessible } from "./accessibility.ts";
import { BROWSER_TIMEOUT_MS, openBrowser, signIn, visit } from "./browser.ts";

/** `general`, which every account is in from the start. */
const CHANNEL = 1;
const PER_SECOND = 1000;
const SECONDS = 5;
const SENDERS = 5;

let browser: Browser;
let server: TestServer;
let senders: RawConnection[];
/** Messages in the channel so far. */
let head = 0;
beforeAll(async () => {
  const settings = { messagesPerSecond: 10_000, messageBurst: 10_000 };
  [browser, server] = await Promise.all([
    openBrowser(),
    startServer({ ...settings, commandsPerSecond: 10_000, commandBurst: 10_000 }),
  ]);
  const { url } = server;
  const signIns: SignIn[] = [];
  for (const name of ["ada", "bob", "eve", "joe", "kim", "lea"]) {
    signIns.push(await register(url, name));
  }
  senders = await Promise.all(
    signIns.slice(1, 1 + SENDERS).map(({ accessToken }) => RawConnection.open(url, accessToken)),
  );
}, BROWSER_TIMEOUT_MS);
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

/** Sends at the pace of a load test; resolves when all are acknowledged. */
async function flood(seconds: number): Promise<void> {
  const count = seconds * PER_SECOND;
  const beginMs = performance.now();
  const requests: (readonly [RawConnection, number])[] = [];
  while (requests.length < count) {
    const due = Math.min(count, ((performance.now() - beginMs) / 1000) * PER_SECOND);
    while (requests.length < due) {
      const sender = senders[requests.length % SENDERS] as RawConnection;
      const body = `number ${requests.length} of many, see https://example.com/${requests.length}`;
      const value = { channel: CHANNEL, nonce: crypto.randomUUID(), body };
      requests.push([sender, sender.post({ case: "send", value })]);
    }
    await Bun.sleep(5);
  }
  await Promise.all(requests.slice(-SENDERS).map(([sender, id]) => sender.answerTo(id)));
  head += count;
}

/** Ada's window, at the end of the channel. */
async function open() {
  const viewport = { width: 900, height: 700 };
  const visitor = await visit(browser, server.url, { viewport, locale: "en-GB" });
  await signIn(visitor.page, "ada", "/c/general");
  await visitor.page
    .locator(".messages-beginning, [data-seq], .messages-nothing")
    .first()
    .waitFor();
  return visitor;
}

const row = (page: Page, seq: number) => page.locator(`[data-seq="${seq}"]`);

describe("a channel with a thousand messages a second", () => {
  test(
    "is followed at its end, in a page of bounded size, and every message can be scrolled to",
    async () => {
      await using visitor = await open();
      const { page } = visitor;
      await page.evaluate(() => {
        const watch = { most: 0, frames: 0 };
        const look = () => {
          watch.frames++;
          watch.most = Math.max(watch.most, document.querySelectorAll("*").length);
          requestAnimationFrame(look);
        };
        look();
        Object.assign(window, { watch });
      });
      await flood(SECONDS);
      await row(page, head).waitFor();
      const { most, frames } = await page.evaluate(
        () => (window as unknown as { watch: { most: number; frames: number } }).watch,
      );
      expect(most).toBeLessThan(3000);
      // It is a page that still paints, and not one that stands still until it is over.
      expect(frames).toBeGreaterThan(SECONDS);
      await page.waitForFunction(() => {
        const { scrollHeight, clientHeight, scrollTop } = document.querySelector(
          ".messages-scroller",
        ) as Element;
        return scrollHeight - clientHeight - scrollTop <= 1;
      });
      expect(await page.getByRole("button", { name: /below|newest/ }).count()).toBe(0);
      expect(await page.evaluate(scrollBack)).toEqual({ first: 1, count: head });
    },
    2 * BROWSER_TIMEOUT_MS,
  );

  test(
    "stands still for whoever reads further up, counts what has come below, and leads there",
    async () => {
      await using visitor = await open();
      const { page } = visitor;
      await row(page, head).waitFor();
      await page.mouse.move(450, 300);
      await page.mouse.wheel(0, -1200);
      await page.getByRole("button", { name: "Go to the newest messages" }).waitFor();
      const before = await page.evaluate(places);
      await flood(2);
      await page.getByRole("button", { name: "2,000 new messages below" }).waitFor();
      const after = await page.evaluate(places);
      await expectAccessible(page);
      expect(Object.keys(before).length).toBeGreaterThan(5);
      for (const [seq, top] of Object.entries(before)) {
        expect(Math.abs((after[seq] ?? Number.NaN) - top)).toBeLessThanOrEqual(1);
      }
      await page.getByRole("button", { name: "2,000 new messages below" }).click();
      await row(page, head).waitFor();
      await flood(1);
      await row(page, head).waitFor();
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "is not read while the page is hidden, and marks what came meanwhile",
    async () => {
      await using visitor = await open();
      const { page } = visitor;
      await row(page, head).waitFor();
      const readUpTo = head;
      const show = (state: "hidden" | "visible") =>
        page.evaluate((value) => {
          Object.defineProperty(document, "visibilityState", { value, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }, state);
      await show("hidden");
      await flood(1);
      await page.getByRole("link", { name: /general.*999\+|general.*1,?000/ }).waitFor();
      await show("visible");
      await row(page, head).waitFor();
      await page.getByRole("log").focus();
      while ((await row(page, readUpTo).count()) === 0) await page.keyboard.press("PageUp");
      const next = page.locator(".message-row", { has: row(page, readUpTo + 1) });
      await next.getByText("New messages").waitFor();
      await expectAccessible(page);
    },
    BROWSER_TIMEOUT_MS,
  );
});

/** In the page: where each message stands that is seen. */
function places(): Record<string, number> {
  const bottom = (document.querySelector(".messages-scroller") as Element).getBoundingClientRect()
    .bottom;
  const rows = [...document.querySelectorAll<HTMLElement>("[data-seq]")];
  return Object.fromEntries(
    rows
      .map((row) => [row.dataset.seq as string, row.getBoundingClientRect().top] as const)
      .filter(([, top]) => top >= 0 && top < bottom),
  );
}

/** In the page: scrolls up to the first message; how many different ones were shown on the way. */
async function scrollBack() {
  const scroller = document.querySelector(".messages-scroller") as HTMLElement;
  const shown = new Set<number>();
  while (!shown.has(1)) {
    for (const row of scroller.querySelectorAll<HTMLElement>("[data-seq]")) {
      shown.add(Number(row.dataset.seq));
    }
    scroller.scrollTop -= 1000;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  return { first: Math.min(...shown), count: shown.size };
}
