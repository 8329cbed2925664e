import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { startServer, type TestServer } from "../support/server.ts";
import { expectAccessible } from "./accessibility.ts";
import {
  BROWSER_TIMEOUT_MS,
  composerOf,
  openBrowser,
  say,
  sees,
  signUp,
  visit,
} from "./browser.ts";

let browser: Browser;
let server: TestServer;
beforeAll(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer({ triesPerMinute: 600 })]);
}, BROWSER_TIMEOUT_MS);
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

const wide = { width: 1280, height: 800 };
const phone = { width: 320, height: 568 };

async function fits(page: Page): Promise<void> {
  const [content, room] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  expect(content).toBe(room);
}

describe.each([
  ["light", wide],
  ["dark", wide],
  ["light", phone],
  ["dark", phone],
] as const)("in %s, %o", (colorScheme, viewport) => {
  const options = { colorScheme, viewport, reducedMotion: "reduce" } as const;
  const isNarrow = viewport === phone;
  const suffix = `${colorScheme}-${viewport.width}`;
  const openDrawer = async (page: Page) => {
    if (isNarrow) await page.getByRole("button", { name: "Show the list of channels" }).click();
  };

  test(
    "everybody can use the way in",
    async () => {
      await using visitor = await visit(browser, server.url, options);
      const { page } = visitor;
      await page.goto("/");
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await expectAccessible(page);
      await fits(page);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("Enter a name.").waitFor();
      await expectAccessible(page);
      await page.getByRole("button", { name: "Create an account" }).click();
      await expectAccessible(page);
      await fits(page);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "everybody can use the chat, its dialogs and its empty places",
    async () => {
      await using visitor = await visit(browser, server.url, options);
      const { page } = visitor;
      await signUp(page, `user-${suffix}`);
      await say(page, `hello from ${suffix}`);
      await sees(page, `hello from ${suffix}`);
      await expectAccessible(page);
      await fits(page);

      await openDrawer(page);
      await expectAccessible(page);
      await page.getByRole("button", { name: "Find or create a channel" }).click();
      await page.getByText(/^\d+ channels?$/).waitFor();
      await expectAccessible(page);
      await page.getByLabel("Search, or name a new one").fill("not there");
      await page.getByText("Names have 1 to 64").waitFor();
      await expectAccessible(page);
      await page.getByRole("button", { name: "Close", exact: true }).click();

      await openDrawer(page);
      await page.getByRole("button", { name: /^Account: / }).click();
      await page.getByText("This browser").waitFor();
      await expectAccessible(page);
      await fits(page);
      await page.getByRole("button", { name: "Change password" }).click();
      await page.getByText("Enter your password.").waitFor();
      await expectAccessible(page);
      await page.keyboard.press("Escape");

      await page.goto("/c/empty-place");
      await page.getByRole("heading", { name: "There is no #empty-place yet" }).waitFor();
      await expectAccessible(page);
      await page.goto("/c/!");
      await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
      await expectAccessible(page);
      await page.goto("/c/general");
      await composerOf(page);
      await page.getByRole("button", { name: "Leave #general" }).click();
      await page.getByRole("button", { name: "Join #general" }).waitFor();
      await expectAccessible(page);
      await page.goto("/");
      await page.getByRole("heading", { name: "You are in no channel yet" }).waitFor();
      await expectAccessible(page);
      await fits(page);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "everybody is told about the connection",
    async () => {
      const passing = await startServer();
      await using visitor = await visit(browser, passing.url, options);
      const { page } = visitor;
      await signUp(page, "ada");
      await composerOf(page);
      await passing.stop();
      await page.getByText("Next try in").waitFor();
      await expectAccessible(page);
      await fits(page);
      await passing[Symbol.asyncDispose]();
    },
    BROWSER_TIMEOUT_MS,
  );
});

test(
  "on a phone the channels are a drawer, which closes by choosing, by Escape and by its button",
  async () => {
    await using visitor = await visit(browser, server.url, { viewport: phone });
    const { page } = visitor;
    await signUp(page, "pocket");
    await composerOf(page);
    const list = page.getByRole("navigation", { name: "Channels" });
    const open = page.getByRole("button", { name: "Show the list of channels" });
    await list.waitFor({ state: "hidden" });
    await open.click();
    await list.waitFor();
    await page.keyboard.press("Escape");
    await list.waitFor({ state: "hidden" });
    await open.click();
    await page.getByRole("button", { name: "Close the list of channels" }).click();
    await list.waitFor({ state: "hidden" });
    await open.click();
    // Turned on its side it has room for both, and everything can be used.
    await page.setViewportSize({ width: 800, height: 320 });
    await say(page, "from the side");
    await sees(page, "from the side");
    await page.setViewportSize(phone);
    await list.waitFor({ state: "hidden" });
    await open.click();
    await page.getByRole("link", { name: "general" }).click();
    await list.waitFor({ state: "hidden" });
    await say(page, "from the pocket");
    await sees(page, "from the pocket");
  },
  BROWSER_TIMEOUT_MS,
);
