import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { PASSWORD, register, startServer, type TestServer } from "../support/server.ts";
import {
  BROWSER_TIMEOUT_MS,
  composerOf,
  openBrowser,
  say,
  sees,
  signIn,
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

/** What stands under the field, as assistive technology finds it. */
const describing = (id: string) => `#${id}-error`;

describe("signing up", () => {
  test(
    "goes by mouse, up to the first message",
    async () => {
      await using visitor = await visit(browser, server.url);
      const { page } = visitor;
      await page.goto("/");
      await page.getByRole("button", { name: "Create an account" }).click();
      await page.getByLabel("Name", { exact: true }).fill("mouse");
      await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
      await page.getByRole("button", { name: "Create account" }).click();
      await (await composerOf(page)).fill("squeak");
      await page.getByRole("button", { name: "Send" }).click();
      await sees(page, "squeak");
      expect(new URL(page.url()).pathname).toBe("/c/general");
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "goes by keyboard alone, up to the first message, another channel, and out again",
    async () => {
      await using visitor = await visit(browser, server.url);
      const { page } = visitor;
      const { keyboard } = page;
      const focused = () =>
        page.evaluate(() => {
          const element = document.activeElement;
          return element?.getAttribute("aria-label") ?? element?.textContent ?? "";
        });
      /** Tabs on until something of that name has the focus. */
      const tabTo = async (name: RegExp) => {
        for (let steps = 0; steps < 40; steps++) {
          await keyboard.press("Tab");
          if (name.test(await focused())) return;
        }
        throw new Error(`Tab does not lead to ${name}`);
      };
      await page.goto("/");
      await page.getByLabel("Name", { exact: true }).waitFor();
      await tabTo(/^Create an account$/);
      await keyboard.press("Enter");
      await page.getByRole("heading", { name: "Create account" }).waitFor();
      // The first field has the focus already.
      await keyboard.type("typist");
      await keyboard.press("Tab");
      await keyboard.type(PASSWORD);
      await keyboard.press("Enter");
      await composerOf(page);
      await page.waitForFunction(() => document.activeElement?.tagName === "TEXTAREA");
      await keyboard.type("first line");
      await keyboard.press("Shift+Enter");
      await keyboard.type("clack");
      await keyboard.press("Enter");
      await page.getByRole("main").getByText("clack").first().waitFor();

      await tabTo(/^Find or create a channel$/);
      await keyboard.press("Enter");
      await page.getByRole("dialog", { name: "All channels" }).waitFor();
      await keyboard.type("typewriters");
      await page.getByRole("button", { name: "Create #typewriters" }).waitFor();
      await keyboard.press("Enter");
      await composerOf(page, "typewriters");

      await tabTo(/^Account: typist$/);
      await keyboard.press("Enter");
      await page.getByRole("dialog", { name: "typist" }).waitFor();
      await keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      // Where it was before.
      expect(await focused()).toBe("Account: typist");
      await keyboard.press("Enter");
      await page.getByRole("dialog", { name: "typist" }).waitFor();
      await tabTo(/^Sign out$/);
      await keyboard.press("Enter");
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "says beside the field what is wrong with it, and leads there",
    async () => {
      await register(server.url, "taken");
      await using visitor = await visit(browser, server.url);
      const { page } = visitor;
      await page.goto("/");
      await page.getByRole("button", { name: "Create an account" }).click();
      const name = page.getByLabel("Name", { exact: true });
      const password = page.getByLabel("Password", { exact: true });
      const submit = page.getByRole("button", { name: "Create account" });
      const rounds: [string, string, "name" | "password", RegExp][] = [
        ["", "", "name", /Enter a name/],
        ["a b", PASSWORD, "name", /3 to 32 letters/],
        ["newcomer", "short", "password", /8 to 256 characters/],
        ["newcomer", "password1", "password", /The password is on the list of the most common/],
        ["Newcomer", "newcomer", "password", /The password is the account's name/],
        ["taken", PASSWORD, "name", /That name is taken/],
      ];
      for (const [asName, asPassword, field, text] of rounds) {
        await name.fill(asName);
        await password.fill(asPassword);
        await submit.click();
        await page.locator(describing(field)).getByText(text).waitFor();
        const input = field === "name" ? name : password;
        expect(await input.getAttribute("aria-invalid")).toBe("true");
        expect(await input.getAttribute("aria-describedby")).toBe(`${field}-error`);
        expect(await input.evaluate((element) => element === document.activeElement)).toBe(true);
      }
      await name.fill("newcomer");
      await submit.click();
      await composerOf(page);
    },
    BROWSER_TIMEOUT_MS,
  );
});

describe("signing in", () => {
  test(
    "is ready for password managers, and shows the password when asked to",
    async () => {
      await using visitor = await visit(browser, server.url);
      const { page } = visitor;
      await page.goto("/");
      const attributes = (label: string) =>
        page
          .getByLabel(label, { exact: true })
          .evaluate(({ autocomplete, type }: HTMLInputElement) => [autocomplete, type]);
      await page.getByLabel("Name", { exact: true }).waitFor();
      expect(await attributes("Name")).toEqual(["username", "text"]);
      expect(await attributes("Password")).toEqual(["current-password", "password"]);
      await page.getByLabel("Password", { exact: true }).fill("what I typed");
      await page.getByRole("button", { name: "Show password" }).click();
      expect(await attributes("Password")).toEqual(["current-password", "text"]);
      expect(await page.getByLabel("Password", { exact: true }).inputValue()).toBe("what I typed");
      await page.getByRole("button", { name: "Hide password" }).click();
      expect(await attributes("Password")).toEqual(["current-password", "password"]);
      await page.getByRole("button", { name: "Create an account" }).click();
      expect(await attributes("Password")).toEqual(["new-password", "password"]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "says that the password is wrong, and after many tries how long to wait",
    async () => {
      await using strict = await startServer({ triesPerMinute: 4 });
      await register(strict.url, "guessed");
      await using visitor = await visit(browser, strict.url);
      const { page } = visitor;
      await page.goto("/");
      await page.getByLabel("Name", { exact: true }).fill("guessed");
      const password = page.getByLabel("Password", { exact: true });
      const submit = page.getByRole("button", { name: "Sign in" });
      await password.fill("wrong");
      await submit.click();
      await page.locator(describing("password")).getByText("Name or password is wrong").waitFor();
      const waiting = page.getByRole("alert").getByText(/Try again in \d+ second/);
      const refused = page.waitForResponse((response) => response.status() === 429);
      for (let tries = 0; tries < 4 && (await submit.isEnabled()); tries++) {
        const answer = page.waitForResponse(/auth\/token/);
        await submit.click();
        await answer;
        await page.getByRole("button", { name: "One moment" }).waitFor({ state: "detached" });
      }
      await refused;
      await waiting.waitFor();
      expect(await submit.isDisabled()).toBe(true);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "goes on after a reload, in another tab, and not after signing out in one of them",
    async () => {
      await using visitor = await visit(browser, server.url);
      const { page } = visitor;
      await signUp(page, "tabs");
      await composerOf(page);
      await page.reload();
      await composerOf(page);
      const other = await visitor.newTab();
      await other.goto("/");
      await say(other, "from the second tab");
      await sees(page, "from the second tab");
      await other.getByRole("button", { name: "Account: tabs" }).click();
      await other.getByRole("button", { name: "Sign out" }).click();
      await other.getByRole("heading", { name: "Sign in" }).waitFor();
      await page.getByText("You were signed out").waitFor();
      // And back again in both, by signing in once.
      await signIn(other, "tabs");
      await composerOf(page);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "lists the account's sessions, and ends one of them",
    async () => {
      await using first = await visit(browser, server.url);
      await using second = await visit(browser, server.url);
      await signUp(first.page, "twice");
      await signIn(second.page, "twice");
      await composerOf(second.page);
      await first.page.getByRole("button", { name: "Account: twice" }).click();
      await first.page.getByText("This browser").waitFor();
      await first.page.getByRole("button", { name: /^End the session/ }).click();
      await second.page.getByText("You were signed out").waitFor();
      await first.page.getByRole("button", { name: /^End the session/ }).waitFor({
        state: "detached",
      });
      await composerOf(first.page);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "takes another password once it was changed, and the page goes on",
    async () => {
      await using visitor = await visit(browser, server.url);
      const { page } = visitor;
      await signUp(page, "changing");
      await page.getByRole("button", { name: "Account: changing" }).click();
      const change = page.getByRole("button", { name: "Change password" });
      await page.getByLabel("Current password").fill("not it");
      await page.getByLabel("New password").fill("another staple horse");
      await change.click();
      await page.locator(describing("current")).getByText("That is not your password").waitFor();
      await page.getByLabel("Current password").fill(PASSWORD);
      await change.click();
      await page.getByText("The password is changed").waitFor();
      await page.keyboard.press("Escape");
      await say(page, "still here");
      await sees(page, "still here");
      await page.getByRole("button", { name: "Account: changing" }).click();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("Name", { exact: true }).fill("changing");
      await page.getByLabel("Password", { exact: true }).fill("another staple horse");
      await page.getByRole("button", { name: "Sign in" }).click();
      await composerOf(page);
    },
    BROWSER_TIMEOUT_MS,
  );
});
