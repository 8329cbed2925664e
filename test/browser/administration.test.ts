import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { run } from "../support/command.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { BROWSER_TIMEOUT_MS, openBrowser, say, sees, signUp, visit } from "./browser.ts";

let browser: Browser;
let server: TestServer;
beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer();
}, BROWSER_TIMEOUT_MS);
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

async function command(...args: string[]): Promise<void> {
  const { code, err } = await run([...args, "--data", server.dataFile]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
}

test(
  "an open page shows what is done to its channel: a deleted message, another name, the archive",
  async () => {
    await using visitor = await visit(browser, server.url);
    const { page } = visitor;
    await signUp(page, "ada", "/c/general");
    await say(page, "Forget this");
    await sees(page, "Forget this");
    await command("message", "delete", "general", "1");
    await sees(page, "Message deleted");
    expect(await page.getByText("Forget this").count()).toBe(0);

    await command("channel", "rename", "general", "lobby");
    await page.waitForURL("**/c/lobby");
    await say(page, "Still here", "lobby");
    await sees(page, "Still here");

    await command("channel", "archive", "lobby");
    const box = page.getByRole("textbox", { name: "Message to #lobby" });
    await page.getByPlaceholder("#lobby is archived").waitFor();
    expect(await box.getAttribute("readonly")).not.toBeNull();
    await command("channel", "unarchive", "lobby");
    await say(page, "Open again", "lobby");
    await sees(page, "Open again");
  },
  BROWSER_TIMEOUT_MS,
);
