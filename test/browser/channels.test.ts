import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { startServer, type TestServer } from "../support/server.ts";
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

const path = (page: Page) => new URL(page.url()).pathname;

describe("channels", () => {
  test(
    "two people talk, and see what they have not read",
    async () => {
      await using ada = await visit(browser, server.url);
      await using bob = await visit(browser, server.url);
      await Promise.all([signUp(ada.page, "ada"), signUp(bob.page, "bob", "/c/kitchen")]);
      await bob.page.getByRole("button", { name: "Create #kitchen" }).click();
      await composerOf(bob.page, "kitchen");
      await say(ada.page, "good morning");
      await sees(ada.page, "good morning");
      const general = bob.page.getByRole("link", { name: "general 1 unread" });
      await general.waitFor();
      await bob.page.waitForFunction(() => document.title === "(1) #kitchen · Hubbub");
      await general.click();
      await sees(bob.page, "good morning");
      await bob.page.waitForFunction(() => document.title === "#general · Hubbub");
      await say(bob.page, "morning, ada");
      await sees(ada.page, "morning, ada");
      // It stays read after a reload.
      await bob.page.reload();
      await composerOf(bob.page);
      await bob.page.waitForFunction(() => document.title === "#general · Hubbub");
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "are found by a part of their name, joined, left, and joined again",
    async () => {
      await using carol = await visit(browser, server.url);
      await using dave = await visit(browser, server.url);
      await signUp(carol.page, "carol", "/c/woodworking");
      await carol.page.getByRole("button", { name: "Create #woodworking" }).click();
      await say(carol.page, "oak or ash?", "woodworking");
      await sees(carol.page, "oak or ash?");

      const { page } = dave;
      await signUp(page, "dave");
      await page.getByRole("button", { name: "Find or create a channel" }).click();
      await page.getByLabel("Search, or name a new one").fill("WOODW");
      await page.getByRole("button", { name: "Join #woodworking" }).click();
      await sees(page, "oak or ash?");
      expect(path(page)).toBe("/c/woodworking");
      await page.getByRole("button", { name: "Leave #woodworking" }).click();
      await page.getByRole("heading", { name: "You are not in #woodworking" }).waitFor();
      await page.getByText(/It has 1 member and 1 message/).waitFor();
      await page.getByRole("button", { name: "Join #woodworking" }).click();
      await sees(page, "oak or ash?");
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "stand in the address: a link leads to a message, and back is back",
    async () => {
      await using erin = await visit(browser, server.url);
      const { page } = erin;
      await signUp(page, "erin", "/c/Library/3");
      // The address is kept through the way in.
      await page.getByRole("heading", { name: "There is no #Library yet" }).waitFor();
      expect(path(page)).toBe("/c/Library/3");
      await page.getByRole("button", { name: "Create #Library" }).click();
      await composerOf(page, "Library");
      await page.getByRole("link", { name: "general" }).click();
      await composerOf(page);
      expect(path(page)).toBe("/c/general");
      await page.goBack();
      await composerOf(page, "Library");
      // Compared case-insensitively, as everywhere.
      await page.goto("/c/LIBRARY");
      await composerOf(page, "Library");
      // The address without a name leads to where one was.
      await page.goto("/");
      await composerOf(page, "Library");
      await page.goto("/c/no%20such%20name");
      await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
      await page.getByRole("link", { name: "To your channels" }).click();
      await composerOf(page, "Library");
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "without any, the page says what to do",
    async () => {
      await using frank = await visit(browser, server.url);
      const { page } = frank;
      await signUp(page, "frank");
      await page.getByRole("button", { name: "Leave #general" }).click();
      await page.getByRole("heading", { name: "You are not in #general" }).waitFor();
      await page.goto("/");
      await page.getByRole("heading", { name: "You are in no channel yet" }).waitFor();
      await page
        .getByRole("main")
        .getByRole("button", { name: /Find or create/ })
        .click();
      await page.getByRole("button", { name: "Join #general" }).click();
      await composerOf(page);
    },
    BROWSER_TIMEOUT_MS,
  );
});

describe("writing", () => {
  test(
    "keeps what was begun in each channel, across channels and reloads",
    async () => {
      await using gina = await visit(browser, server.url);
      const { page } = gina;
      await signUp(page, "gina", "/c/drafts");
      await page.getByRole("button", { name: "Create #drafts" }).click();
      await (await composerOf(page, "drafts")).fill("half a thought");
      await page.getByRole("link", { name: "general" }).click();
      await (await composerOf(page)).fill("another half");
      await page.reload();
      expect(await (await composerOf(page)).inputValue()).toBe("another half");
      await page.getByRole("link", { name: "drafts" }).click();
      const composer = await composerOf(page, "drafts");
      expect(await composer.inputValue()).toBe("half a thought");
      await composer.press("Enter");
      expect(await composer.inputValue()).toBe("");
      await page.reload();
      expect(await (await composerOf(page, "drafts")).inputValue()).toBe("");
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "grows with its lines, and says when there is too much of it",
    async () => {
      await using small = await startServer({ bodyBytes: 100 });
      await using hana = await visit(browser, small.url);
      const { page } = hana;
      await signUp(page, "hana");
      const composer = await composerOf(page);
      const height = async () => (await composer.boundingBox())?.height ?? 0;
      const before = await height();
      await composer.fill("one\ntwo\nthree");
      expect(await height()).toBeGreaterThan(before + 40);
      // In bytes: each of these letters takes two.
      await composer.fill("é".repeat(48));
      await page.getByText("Room for 4 bytes more.").waitFor();
      await composer.fill("é".repeat(51));
      await page.getByText("Too long by 2 bytes.").waitFor();
      await composer.press("Enter");
      expect(await composer.inputValue()).toBe("é".repeat(51));
      expect(await page.getByRole("button", { name: "Send" }).isDisabled()).toBe(true);
      await composer.fill("é".repeat(50));
      await composer.press("Enter");
      await sees(page, "é".repeat(50));
    },
    BROWSER_TIMEOUT_MS,
  );
});
