import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { startServer, type TestServer } from "../support/server.ts";
import { BROWSER_TIMEOUT_MS, openBrowser, visit } from "./browser.ts";

let browser: Browser;
let server: TestServer;
beforeAll(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
}, BROWSER_TIMEOUT_MS);
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

describe("the pages", () => {
  test.each(["/", "/c/general/812", "/monitor"])(
    "%s runs under its own policy",
    async (path) => {
      await using visitor = await visit(browser, server.url);
      const answer = await visitor.page.goto(path);
      expect(answer?.status()).toBe(200);
      await visitor.page.getByRole("main").waitFor();
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "the policy stops scripts and styles that are not the server's own, and the harness sees it",
    async () => {
      const visitor = await visit(browser, server.url);
      await visitor.page.goto("/");
      await visitor.page.evaluate(() => {
        const script = document.createElement("script");
        document.head.append(script, document.createElement("style"));
        document.body.setAttribute("style", "color: red");
        try {
          script.text = "window.wasRun = true";
        } catch {
          // Trusted Types refuse it before it could run.
        }
      });
      expect(await visitor.page.evaluate(() => "wasRun" in window)).toBe(false);
      expect(visitor.faults.join("\n")).toContain("Content Security Policy");
      visitor.forgive(/./);
      await visitor[Symbol.asyncDispose]();
    },
    BROWSER_TIMEOUT_MS,
  );
});
