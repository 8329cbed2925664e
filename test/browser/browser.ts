import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { PASSWORD } from "../support/server.ts";
import { findChromium } from "./chromium.ts";

/** Starting a browser and hashing passwords on a busy machine take their time. */
export const BROWSER_TIMEOUT_MS = 120_000;
/** How long playwright waits for a condition. */
const WAIT_MS = 60_000;

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
      if (message.type() === "error") faults.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => faults.push(`page: ${error.stack ?? error.message}`));
  };
  context.on("page", watch);
  const page = await context.newPage();
  return {
    page,
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

/** Signs an account in whose password is `PASSWORD`, and waits for the chat. */
export async function signIn(page: Page, name: string, path = "/"): Promise<void> {
  await page.goto(path);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Channels" }).waitFor();
}
