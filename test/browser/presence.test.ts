import { afterAll, beforeAll, describe, test } from "bun:test";
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

const online = (page: Page, text: string) => page.getByRole("button", { name: text }).waitFor();
const typing = (page: Page, text: string) =>
  page.getByRole("status").filter({ hasText: text }).waitFor();

describe("in the open channel", () => {
  test(
    "one sees who is online, and who has left",
    async () => {
      await using ada = await visit(browser, server.url);
      await signUp(ada.page, "ada");
      await online(ada.page, "1 online");
      const bob = await visit(browser, server.url);
      await signUp(bob.page, "bob");
      await online(ada.page, "2 online");
      await ada.page.getByRole("button", { name: "2 online" }).click();
      const list = ada.page.getByRole("list", { name: "Online now" });
      await list.getByText("bob", { exact: true }).waitFor();
      await expectAccessible(ada.page);
      await ada.page.keyboard.press("Escape");
      await list.waitFor({ state: "hidden" });
      await bob[Symbol.asyncDispose]();
      await online(ada.page, "1 online");
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "one sees who is typing, until the message comes",
    async () => {
      await using carol = await visit(browser, server.url);
      await using dave = await visit(browser, server.url);
      await Promise.all([signUp(carol.page, "carol"), signUp(dave.page, "dave")]);
      await online(carol.page, "2 online");
      const composer = await composerOf(dave.page);
      await composer.pressSequentially("good morn");
      await typing(carol.page, "dave is typing…");
      await expectAccessible(carol.page);
      await say(dave.page, "good morning");
      await sees(carol.page, "good morning");
      await carol.page.getByText("dave is typing…").waitFor({ state: "detached" });
    },
    BROWSER_TIMEOUT_MS,
  );
});
