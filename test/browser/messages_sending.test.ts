import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { register, startServer, type TestServer } from "../support/server.ts";
import { expectAccessible } from "./accessibility.ts";
import { BROWSER_TIMEOUT_MS, openBrowser, say, signIn, visit } from "./browser.ts";

let browser: Browser;
let server: TestServer;
beforeAll(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  await register(server.url, "ada");
}, BROWSER_TIMEOUT_MS);
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

/** The texts in the channel, those that are not sent yet or failed in brackets. */
function shown(page: Page): Promise<string[]> {
  return page.locator(".message").evaluateAll((rows) =>
    rows.map((row) => {
      const text = row.querySelector(".message-text")?.textContent ?? "";
      return row.hasAttribute("data-seq") ? text : `[${text}]`;
    }),
  );
}

/** Notes every state in which the list of texts is seen by the person at the page. */
async function watch(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const states: string[] = [];
    const look = () => {
      const rows = [...document.querySelectorAll(".message")];
      const texts = rows.map((row) => row.querySelector(".message-text")?.textContent);
      const state = texts.join("|");
      if (states.at(-1) !== state) states.push(state);
      requestAnimationFrame(look);
    };
    look();
    Object.assign(window, { states });
  });
  return () => page.evaluate(() => (window as unknown as { states: string[] }).states);
}

async function restart(settings: Record<string, number>, whileAway: () => Promise<void>) {
  const { folder, url } = server;
  await server.stop();
  await whileAway();
  server = await startServer({ ...settings, port: new URL(url).port }, folder);
}

const unsent = (page: Page) => page.locator(".message.unsent");
const failed = (page: Page) => page.locator(".message.failed");

describe("one's own message", () => {
  test(
    "is there at once, and never twice",
    async () => {
      await using visitor = await visit(browser, server.url);
      const { page } = visitor;
      await signIn(page, "ada", "/c/general");
      await page.getByText("Nothing has been said here yet.").waitFor();
      const states = await watch(page);
      for (const text of ["one", "two", "three"]) await say(page, text);
      await page.locator('[data-seq="3"]').waitFor();
      expect(await shown(page)).toEqual(["one", "two", "three"]);
      for (const state of await states()) {
        const texts = state.split("|").filter(Boolean);
        expect(texts).toEqual(["one", "two", "three"].slice(0, texts.length));
      }
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "waits for the server, fails where it is refused, and is sent when tried again, or discarded",
    async () => {
      await using visitor = await visit(browser, server.url, { colorScheme: "dark" });
      const { page } = visitor;
      await signIn(page, "ada", "/c/general");
      await page.locator('[data-seq="3"]').waitFor();
      const [good, bad] = ["g".repeat(200), "b".repeat(200)];
      await restart({ bodyBytes: 100 }, async () => {
        await say(page, good);
        await say(page, bad);
        await unsent(page).nth(1).waitFor();
        expect(await shown(page)).toEqual(["one", "two", "three", `[${good}]`, `[${bad}]`]);
        await unsent(page).first().getByText("Waiting to be sent").waitFor({ state: "attached" });
      });
      await failed(page).nth(1).waitFor();
      await page.getByText("Not sent. The message is larger than 100 bytes.").first().waitFor();
      await expectAccessible(page);

      await restart({}, async () => {});
      await failed(page).first().getByRole("button", { name: "Try again" }).click();
      await page.locator('[data-seq="4"]').waitFor();
      await failed(page).first().getByRole("button", { name: "Discard" }).click();
      await failed(page).waitFor({ state: "detached" });
      expect(await shown(page)).toEqual(["one", "two", "three", good]);
      await page.reload();
      await page.locator('[data-seq="4"]').waitFor();
      expect(await shown(page)).toEqual(["one", "two", "three", good]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "brings back to the end whoever reads further up",
    async () => {
      await using visitor = await visit(browser, server.url, {
        viewport: { width: 800, height: 300 },
      });
      const { page } = visitor;
      await signIn(page, "ada", "/c/general/1");
      await page.waitForFunction(() => document.activeElement?.matches('[data-seq="1"]'));
      await page.getByRole("button", { name: "Go to the newest messages" }).waitFor();
      await say(page, "last");
      await page.locator('[data-seq="5"]').waitFor();
      await page.getByRole("button", { name: "Go to the newest messages" }).waitFor({
        state: "detached",
      });
    },
    BROWSER_TIMEOUT_MS,
  );
});
