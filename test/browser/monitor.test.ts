import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { charts } from "../../src/web/monitor/charts.ts";
import { run } from "../support/command.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { PASSWORD, register, setRole, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/wait.ts";
import { BROWSER_TIMEOUT_MS, openBrowser, visit } from "./browser.ts";

const GENERAL = 1;
const PHONE = { width: 390, height: 800 };

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, BROWSER_TIMEOUT_MS);
afterAll(() => browser.close());

/** A server with an operator, and with some messages and refusals that its figures tell of. */
async function busyServer(): Promise<TestServer> {
  const server = await startServer();
  await register(server.url, "operator");
  setRole(server.dataFile, "operator", "monitor");
  await talk(server);
  return server;
}

async function talk(server: TestServer, name = "ada"): Promise<void> {
  const ada = await RawConnection.open(server.url, (await register(server.url, name)).accessToken);
  for (let times = 0; times < 10; times++) await ada.expect("sent", send(GENERAL, "hello"));
  await ada.answerTo(ada.post(send(77, "nowhere")));
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.goto("/monitor");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
}

const chart = (page: Page, name: string) => page.getByRole("figure", { name });

/** What axe-core finds against WCAG 2.2 AA and its own best practice. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    return (await axe.run()).violations.map(({ id, nodes }) => ({
      id,
      where: nodes.map(({ html }) => html),
    }));
  });
  return found.map(({ id, where }) => `${id}: ${where.join(" ")}`);
}

/** The largest part of a row of a chart's drawing that has the target's colour. */
function drawnTarget(page: Page, id: string): Promise<number> {
  return page.evaluate((id) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`[data-chart="${id}"] canvas`);
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return 0;
    const place = document.createElement("i");
    place.style.color = "var(--target)";
    document.body.append(place);
    const wanted = getComputedStyle(place).color.match(/\d+/g)?.map(Number) ?? [];
    place.remove();
    const { width, height } = canvas;
    const { data } = context.getImageData(0, 0, width, height);
    let most = 0;
    for (let y = 0; y < height; y++) {
      let pixels = 0;
      for (let x = 0; x < width; x++) {
        const at = (y * width + x) * 4;
        if (wanted.every((part, index) => Math.abs((data[at + index] ?? 0) - part) < 24)) pixels++;
      }
      most = Math.max(most, pixels / width);
    }
    return most;
  }, id);
}

describe.each(["light", "dark"] as const)("the monitor, %s", (colorScheme) => {
  test(
    "shows a monitor what the server measures, each chart with its target, and breaks no rule of axe",
    async () => {
      await using server = await busyServer();
      await using visitor = await visit(browser, server.url, { colorScheme });
      const { page } = visitor;
      await page.goto("/monitor");
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      expect(await violations(page)).toEqual([]);
      await signIn(page, "operator");

      await page.getByText("Live", { exact: true }).waitFor();
      for (const { title } of charts) {
        expect(await chart(page, title).count()).toBe(1);
      }
      // What happened before the page was opened is there, too.
      await chart(page, "Messages in").getByText("As a table").click();
      await chart(page, "Messages in").getByRole("cell").first().waitFor();
      await until(async () => {
        const cells = await chart(page, "Messages in").getByRole("cell").allTextContents();
        return cells.some((cell) => Number.parseFloat(cell) > 0);
      });
      await chart(page, "Refusals by code").getByText("NO_SUCH_CHANNEL").waitFor();
      await page.getByText(/^Of the .* from a message's coming to its delivery, /).waitFor();
      const ping = chart(page, "Latency").getByRole("listitem").filter({ hasText: "ping" });
      await until(async () => /\d m?s/.test((await ping.textContent()) ?? ""));

      for (const { id, targets } of charts) {
        if (targets === undefined) continue;
        expect([id, (await drawnTarget(page, id)) > 0.3]).toEqual([id, true]);
      }
      expect(await violations(page)).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );
});

describe("the monitor", () => {
  test(
    "tells an account without the role what it takes, and goes on when that is given",
    async () => {
      await using server = await busyServer();
      await using visitor = await visit(browser, server.url);
      const { page } = visitor;
      await signIn(page, "ada");
      await page.getByRole("heading", { name: "Not for this account" }).waitFor();
      await page.getByText("bun hubbub user role ada monitor").waitFor();
      expect(await page.getByRole("figure").count()).toBe(0);
      expect(await violations(page)).toEqual([]);
      await run(["user", "role", "ada", "monitor", "--data", server.dataFile]);
      await chart(page, "Latency").waitFor();
      await run(["user", "role", "ada", "user", "--data", server.dataFile]);
      await page.getByRole("heading", { name: "Not for this account" }).waitFor();
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "says beside the field what is wrong with a sign-in, and is signed in after a reload",
    async () => {
      await using server = await busyServer();
      await using visitor = await visit(browser, server.url);
      const { page } = visitor;
      await page.goto("/monitor");
      await page.getByLabel("Name").fill("operator");
      await page.getByLabel("Password", { exact: true }).fill("not the password");
      await page.keyboard.press("Enter");
      await page.getByText("Name or password is wrong.").waitFor();
      visitor.forgive(/401/);
      await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
      await page.keyboard.press("Enter");
      await page.getByText("Live", { exact: true }).waitFor();
      await page.reload();
      await page.getByText("Live", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "keeps what it knows while the server is away, and shows the gap afterwards",
    async () => {
      const first = await busyServer();
      const { port } = new URL(first.url);
      await using visitor = await visit(browser, first.url);
      const { page } = visitor;
      await signIn(page, "operator");
      await page.getByText("Live", { exact: true }).waitFor();
      await chart(page, "Memory").getByText("As a table").click();
      const cells = () => chart(page, "Memory").getByRole("cell").allTextContents();
      await until(async () => (await cells()).length > 2);
      await first.stop();
      await page.getByText(/^No connection\. Next try at /).waitFor();
      await page.getByText("What follows is what was known last.").waitFor();
      expect((await cells()).length).toBeGreaterThan(2);
      // Long enough to be a gap in rows by the second.
      await Bun.sleep(3500);
      await using _second = await startServer({ port }, first.folder);
      await page.getByText("Live", { exact: true }).waitFor();
      await until(async () => {
        const told = await cells();
        const gap = told.indexOf("no data");
        return gap > 0 && /MiB/.test(told[gap - 1] ?? "") && /MiB/.test(told[gap + 1] ?? "");
      });
      visitor.forgive(/ERR_CONNECTION|WebSocket|Failed to load/);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "can be used with the keyboard alone: other ranges, and any moment of a chart",
    async () => {
      await using server = await busyServer();
      await using visitor = await visit(browser, server.url);
      const { page } = visitor;
      await signIn(page, "operator");
      await page.getByText("Live", { exact: true }).waitFor();
      await page.getByRole("radio", { name: "5 minutes" }).focus();
      await page.keyboard.press("ArrowRight");
      expect(await page.getByRole("radio", { name: "1 hour" }).isChecked()).toBe(true);
      await page.keyboard.press("ArrowLeft");
      const slider = page.getByRole("slider", { name: "Memory: move through time" });
      await until(async () => Number(await slider.getAttribute("aria-valuemax")) > 2);
      await slider.focus();
      await page.keyboard.press("Home");
      await until(async () => (await slider.getAttribute("aria-valuenow")) === "0");
      expect(await slider.getAttribute("aria-valuetext")).toMatch(
        /^\d\d:\d\d:\d\d: resident \d+(\.\d+)? MiB$/,
      );
      await page.keyboard.press("ArrowRight");
      await until(async () => (await slider.getAttribute("aria-valuenow")) === "1");
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "asks for nothing while nobody looks, and then for what it missed",
    async () => {
      await using server = await busyServer();
      await using visitor = await visit(browser, server.url);
      const { page } = visitor;
      let framesSent = 0;
      page.on("websocket", (socket) => socket.on("framesent", () => framesSent++));
      await signIn(page, "operator");
      await page.getByText("Live", { exact: true }).waitFor();
      await until(() => framesSent > 3);
      const hide = (isHidden: boolean) =>
        page.evaluate((isHidden) => {
          Object.defineProperty(document, "hidden", { configurable: true, value: isHidden });
          document.dispatchEvent(new Event("visibilitychange"));
        }, isHidden);
      await hide(true);
      const sentBefore = framesSent;
      // In that time it would ask three times.
      await Bun.sleep(3500);
      expect(framesSent - sentBefore).toBeLessThanOrEqual(1);
      await hide(false);
      await until(() => framesSent > sentBefore + 2);
      await chart(page, "Memory").getByText("As a table").click();
      await chart(page, "Memory").getByRole("cell").first().waitFor();
      expect(await chart(page, "Memory").getByText("no data").count()).toBe(0);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "is delivered no message, though its account is in the channel",
    async () => {
      await using server = await busyServer();
      await using visitor = await visit(browser, server.url);
      const { page } = visitor;
      await signIn(page, "operator");
      await page.getByText("Live", { exact: true }).waitFor();
      const before = server.counters.deliveriesOut;
      await talk(server, "bob");
      expect(server.counters.deliveriesOut).toBe(before);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "fits a phone",
    async () => {
      await using server = await busyServer();
      await using visitor = await visit(browser, server.url, { viewport: PHONE });
      const { page } = visitor;
      await signIn(page, "operator");
      await chart(page, "Refusals by code").waitFor();
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width).toBe(PHONE.width);
    },
    BROWSER_TIMEOUT_MS,
  );
});
