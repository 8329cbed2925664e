import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";
import { PASSWORD } from "../support/server.ts";
import { findChromium } from "./chromium.ts";

/** Starting a browser and hashing passwords on a busy machine take their time. */
export const BROWSER_TIMEOUT_MS = 120_000;
/** How long playwright waits for a condition. */
const WAIT_MS = 30_000;

/** A browser for the tests of a file; to be closed when they are over. */
export async function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    // Root, as in containers, cannot have the sandbox; the small /dev/shm there is too small.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });
}

/** A visitor: a browser window with cookies and storage of its own. */
export interface Visitor extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What went wrong in the page so far: violations of the policy, errors on the console, exceptions. */
  readonly faults: readonly string[];
  /** One more tab of the same browser. */
  newTab(): Promise<Page>;
  /** Faults that a test brings about itself are taken off the list. */
  forgive(pattern: RegExp): void;
}

/**
 * Opens a window. When it is disposed of, it throws if anything went wrong in one of its pages, so
 * that each test with a window also says that nothing did.
 *
 * @param url the server's, which paths are relative to.
 */
export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visitor> {
  const context = await browser.newContext({ baseURL: url, ...options });
  context.setDefaultTimeout(WAIT_MS);
  let faults: string[] = [];
  const watch = (page: Page) => {
    page.on("console", (message) => {
      if (message.type() !== "error" || isRefusal(message.text(), message.location().url)) return;
      faults.push(`console: ${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => faults.push(`page: ${error.stack ?? error.message}`));
  };
  context.on("page", watch);
  const page = await context.newPage();
  return {
    page,
    context,
    get faults() {
      return faults;
    },
    newTab: () => context.newPage(),
    forgive(pattern) {
      faults = faults.filter((fault) => !pattern.test(fault));
    },
    async [Symbol.asyncDispose]() {
      await context.close();
      if (faults.length > 0) throw new Error(`In the page:\n${faults.join("\n")}`);
    },
  };
}

/** What the browser itself notes of a request that was refused or lost, and the page deals with. */
function isRefusal(text: string, url: string): boolean {
  const isOfServer = /\/(auth\/\w+.*|ws)$/.test(url) || text.includes("WebSocket connection to");
  return isOfServer && /Failed to load resource|WebSocket connection to/.test(text);
}

/** Makes an account, whose password is `PASSWORD`, and waits for the chat. */
export async function signUp(page: Page, name: string, path = "/"): Promise<void> {
  await page.goto(path);
  await page.getByRole("button", { name: "Create an account" }).click();
  await fillIn(page, name);
  await page.getByRole("button", { name: "Create account" }).click();
  await enter(page);
}

/** Signs an account in whose password is `PASSWORD`, and waits for the chat. */
export async function signIn(page: Page, name: string, path = "/"): Promise<void> {
  await page.goto(path);
  await fillIn(page, name);
  await page.getByRole("button", { name: "Sign in" }).click();
  await enter(page);
}

/** Waits for the channel to be shown, and for its place to write. */
export async function composerOf(page: Page, channel = "general"): Promise<Locator> {
  const composer = page.getByRole("textbox", { name: `Message to #${channel}` });
  await composer.waitFor();
  return composer;
}

/** Writes a message and sends it. */
export async function say(page: Page, text: string, channel = "general"): Promise<void> {
  const composer = await composerOf(page, channel);
  await composer.fill(text);
  await composer.press("Enter");
}

/** Waits until a message of exactly this text is shown, once. */
export async function sees(page: Page, text: string): Promise<void> {
  // A locator that is found twice fails.
  await page.getByRole("main").getByText(text, { exact: true }).waitFor();
}

async function fillIn(page: Page, name: string): Promise<void> {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
}

async function enter(page: Page): Promise<void> {
  await page.locator(".chat").waitFor();
}
