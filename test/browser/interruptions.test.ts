import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, WebSocketRoute } from "playwright-core";
import { HubbubClient } from "../../src/client/client.ts";
import { PASSWORD, register, startServer } from "../support/server.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";
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
beforeAll(async () => {
  browser = await openBrowser();
}, BROWSER_TIMEOUT_MS);
afterAll(() => browser.close());

/** The bodies of a channel as the server has them, asked for by an account of its own. */
async function bodiesOf(url: string, channel: string): Promise<string[]> {
  const name = `reader-${crypto.randomUUID().slice(0, 8)}`;
  await register(url, name);
  const client = new HubbubClient({ url, credentials: { name, password: PASSWORD } });
  await client.connect();
  const { id } = await client.join(channel);
  const { messages } = await client.history({ channel: id });
  await client.close();
  return messages.map(({ body }) => body);
}

describe("when the server stops and starts again", () => {
  test(
    "what two people type meanwhile arrives once, in order, and the page says what is the case",
    async () => {
      const folder = makeFolder();
      const before = await startServer({}, folder);
      const { port } = new URL(before.url);
      await using ada = await visit(browser, before.url);
      await using bob = await visit(browser, before.url);
      await Promise.all([signUp(ada.page, "ada"), signUp(bob.page, "bob")]);
      await say(ada.page, "a1");
      await say(bob.page, "b1");
      await Promise.all([sees(bob.page, "a1"), sees(ada.page, "b1")]);
      await before.stop();
      await ada.page.getByText(/Next try in|Trying again/).waitFor();
      for (const number of [2, 3, 4]) {
        await say(ada.page, `a${number}`);
        await say(bob.page, `b${number}`);
      }
      const after = await startServer({ port }, folder);
      try {
        // It may be in the middle of a try of its own.
        await ada.page
          .getByRole("button", { name: "Try now" })
          .click({ timeout: 1000 })
          .catch(() => {});
        for (const number of [2, 3, 4]) {
          await Promise.all([sees(ada.page, `b${number}`), sees(bob.page, `a${number}`)]);
          await Promise.all([sees(ada.page, `a${number}`), sees(bob.page, `b${number}`)]);
        }
        await ada.page.getByText(/Next try in|Trying again/).waitFor({ state: "detached" });
        const bodies = await bodiesOf(after.url, "general");
        expect(bodies.filter((body) => body.startsWith("a"))).toEqual(["a1", "a2", "a3", "a4"]);
        expect(bodies.filter((body) => body.startsWith("b"))).toEqual(["b1", "b2", "b3", "b4"]);
      } finally {
        await after.stop();
        removeFolder(folder);
      }
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "what was not sent is sent after a reload, once, and the draft is kept",
    async () => {
      const folder = makeFolder();
      const before = await startServer({}, folder);
      const { port } = new URL(before.url);
      await using ada = await visit(browser, before.url);
      const { page } = ada;
      await signUp(page, "ada");
      await say(page, "before");
      await sees(page, "before");
      await before.stop();
      await page.getByText(/Next try in|Trying again/).waitFor();
      await say(page, "unsent one");
      await say(page, "unsent two");
      await (await composerOf(page)).fill("not finished");
      const after = await startServer({ port }, folder);
      try {
        await page.reload();
        await sees(page, "unsent one");
        await sees(page, "unsent two");
        expect(await (await composerOf(page)).inputValue()).toBe("not finished");
        await until(async () => (await bodiesOf(after.url, "general")).length >= 3);
        expect(await bodiesOf(after.url, "general")).toEqual([
          "before",
          "unsent one",
          "unsent two",
        ]);
        await page.reload();
        await composerOf(page);
        await sees(page, "unsent two");
        expect(await bodiesOf(after.url, "general")).toEqual([
          "before",
          "unsent one",
          "unsent two",
        ]);
      } finally {
        await after.stop();
        removeFolder(folder);
      }
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "another tab sends what a closed one had not",
    async () => {
      const folder = makeFolder();
      const before = await startServer({}, folder);
      const { port } = new URL(before.url);
      await using ada = await visit(browser, before.url);
      await signUp(ada.page, "ada");
      await composerOf(ada.page);
      await before.stop();
      await ada.page.getByText(/Next try in|Trying again/).waitFor();
      await say(ada.page, "left behind");
      const after = await startServer({ port }, folder);
      try {
        // Whether it was sent already, or is now: it is there once.
        await ada.page.close();
        const next = await ada.newTab();
        await next.goto("/");
        await sees(next, "left behind");
        await until(async () => (await bodiesOf(after.url, "general")).length > 0);
        expect(await bodiesOf(after.url, "general")).toEqual(["left behind"]);
      } finally {
        await after.stop();
        removeFolder(folder);
      }
    },
    BROWSER_TIMEOUT_MS,
  );
});

test(
  "a page that is opened while the server is away comes in when it is back",
  async () => {
    await using server = await startServer();
    await using ada = await visit(browser, server.url);
    const { page } = ada;
    await signUp(page, "ada");
    await composerOf(page);
    // The page itself comes from the browser's cache or the server; the sign-in does not answer.
    await page.route("**/auth/refresh", (route) => route.abort());
    await page.reload();
    await page.getByText(/Trying again in/).waitFor();
    await page.unroute("**/auth/refresh");
    await page.getByRole("button", { name: "Try now" }).click();
    await composerOf(page);
  },
  BROWSER_TIMEOUT_MS,
);

test(
  "a page without a network says so, keeps what is written, and sends it later",
  async () => {
    await using server = await startServer();
    await using ada = await visit(browser, server.url);
    const { page, context } = ada;
    const sockets: WebSocketRoute[] = [];
    await page.routeWebSocket(/\/ws$/, (socket) => {
      sockets.push(socket);
      socket.connectToServer();
    });
    await signUp(page, "ada");
    await composerOf(page);
    await context.setOffline(true);
    // A browser that is told to be offline leaves open sockets be, which a real one cannot.
    for (const socket of sockets) await socket.close({ code: 4000 });
    await page.getByRole("status").getByText("You are offline.").waitFor();
    await say(page, "from the tunnel");
    expect(await bodiesOf(server.url, "general")).toEqual([]);
    await context.setOffline(false);
    await sees(page, "from the tunnel");
    expect(await bodiesOf(server.url, "general")).toEqual(["from the tunnel"]);
  },
  BROWSER_TIMEOUT_MS,
);

test(
  "somebody else who signs in in another tab takes this one over",
  async () => {
    await using server = await startServer();
    await using window = await visit(browser, server.url);
    await signUp(window.page, "ada");
    await composerOf(window.page);
    const other = await window.newTab();
    await other.goto("/");
    await other.getByRole("button", { name: "Account: ada" }).click();
    await other.getByRole("button", { name: "Sign out" }).click();
    // A page that is left before the server has heard of it would not be signed out.
    await other.getByRole("button", { name: "Create an account" }).waitFor();
    await signUp(other, "bob");
    await window.page.getByRole("button", { name: "Account: bob" }).waitFor();
  },
  BROWSER_TIMEOUT_MS,
);
