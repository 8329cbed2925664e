import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, CDPSession, Page } from "playwright-core";
import { appCode, wrongCode } from "../auth/factors.ts";
import { PASSWORD, register, setRole, startServer, type TestServer } from "../support/server.ts";
import { expectAccessible } from "./accessibility.ts";
import { BROWSER_TIMEOUT_MS, composerOf, openBrowser, visit } from "./browser.ts";

let browser: Browser;
let server: TestServer;
beforeAll(async () => {
  // Passkeys are bound to localhost and its port, so that must be known before the server is.
  const port = freePort();
  const settings = { port, triesPerMinute: 600 };
  [browser, server] = await Promise.all([openBrowser(), startServer(settings)]);
}, BROWSER_TIMEOUT_MS);
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

function freePort(): number {
  using socket = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  return socket.port;
}

/** An account whose password is not enough: what its app knows, and its recovery codes. */
async function guarded(name: string): Promise<{ secret: string; recoveryCodes: string[] }> {
  const { accessToken } = await register(server.url, name);
  const { secret, enrolment } = await ask(accessToken, "/auth/factors/totp");
  const code = appCode(secret, Date.now(), -1);
  const added = await ask(accessToken, "/auth/factors/totp/confirm", { enrolment, code });
  return { secret, recoveryCodes: added.recovery_codes };
}

async function ask(accessToken: string, path: string, body: object = {}) {
  const headers = { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  const response = await fetch(new URL(path, server.url), init);
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return response.json();
}

/** Gives name and password, and waits for the second step. */
async function toSecondStep(page: Page, name: string): Promise<void> {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Second step" }).waitFor();
}

describe("an account with one-time codes", () => {
  test(
    "is asked for one after its password, told beside the field what is wrong, and let in",
    async () => {
      const { secret } = await guarded("careful");
      await using visitor = await visit(browser, server.url);
      const { page } = visitor;
      await page.goto("/");
      await toSecondStep(page, "careful");
      const field = page.getByLabel("One-time code");
      expect(await field.getAttribute("autocomplete")).toBe("one-time-code");
      expect(await field.getAttribute("inputmode")).toBe("numeric");
      await expectAccessible(page);
      await page.keyboard.press("Enter");
      await page.locator("#code-error").getByText("Enter the code.").waitFor();
      await page.keyboard.type(wrongCode(secret, Date.now()));
      await page.keyboard.press("Enter");
      await page.locator("#code-error").getByText("wrong, expired or used up").waitFor();
      expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
      await expectAccessible(page);
      await field.fill(appCode(secret, Date.now()));
      await page.keyboard.press("Enter");
      await composerOf(page);
      await page.reload();
      await composerOf(page);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "takes a recovery code in its place, on a phone in the dark, too",
    async () => {
      const { recoveryCodes } = await guarded("lost-phone");
      const options = { colorScheme: "dark", viewport: { width: 320, height: 568 } } as const;
      await using visitor = await visit(browser, server.url, options);
      const { page } = visitor;
      await page.goto("/");
      await toSecondStep(page, "lost-phone");
      await page.getByRole("button", { name: "Use a recovery code" }).click();
      const field = page.getByLabel("Recovery code");
      // A recovery code has letters, which the keys for numbers do not.
      expect(await field.getAttribute("inputmode")).toBe("text");
      await expectAccessible(page);
      await field.fill(recoveryCodes[0] ?? "");
      await page.keyboard.press("Enter");
      await composerOf(page);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "begins again with its password where the step is over, and may go back by itself",
    async () => {
      const { secret } = await guarded("guessing");
      await using visitor = await visit(browser, server.url);
      const { page } = visitor;
      await page.goto("/");
      await toSecondStep(page, "guessing");
      await page.getByRole("button", { name: "Back" }).click();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await toSecondStep(page, "guessing");
      // The server has forgotten the first step, as it does in time and when it was restarted.
      await page.route("**/auth/token/factor", (route) =>
        route.continue({
          postData: JSON.stringify({ ...route.request().postDataJSON(), challenge: "of old" }),
        }),
      );
      await page.getByLabel("One-time code").fill(appCode(secret, Date.now()));
      await page.keyboard.press("Enter");
      await page.getByText("That took too long, or too many tries. Sign in again.").waitFor();
      await page.unroute("**/auth/token/factor");
      await toSecondStep(page, "guessing");
      await page.getByLabel("One-time code").fill(appCode(secret, Date.now()));
      await page.keyboard.press("Enter");
      await composerOf(page);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "is asked for one by the dashboard, too",
    async () => {
      const { secret } = await guarded("operator");
      setRole(server.dataFile, "operator", "monitor");
      await using visitor = await visit(browser, server.url);
      const { page } = visitor;
      await page.goto("/monitor");
      await toSecondStep(page, "operator");
      await page.getByLabel("One-time code").fill(appCode(secret, Date.now()));
      await page.keyboard.press("Enter");
      await page.getByText("Live", { exact: true }).waitFor();
    },
    BROWSER_TIMEOUT_MS,
  );
});

/** An authenticator of the browser's own making, which answers without a finger. */
async function addAuthenticator(devtools: CDPSession): Promise<string> {
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return authenticatorId;
}

test(
  "an account with a passkey uses it as the second step",
  async () => {
    const { accessToken } = await register(server.url, "keyholder");
    const url = server.url.replace("127.0.0.1", "localhost");
    await using visitor = await visit(browser, url);
    const { page } = visitor;
    await page.goto("/");
    const devtools = await visitor.context.newCDPSession(page);
    const authenticatorId = await addAuthenticator(devtools);
    const options = await ask(accessToken, "/auth/factors/passkeys/options");
    const passkey = await page.evaluate(async (json) => {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json);
      const made = await navigator.credentials.create({ publicKey });
      return (made as PublicKeyCredential).toJSON();
    }, options);
    await ask(accessToken, "/auth/factors/passkeys", { name: "key", passkey });

    await toSecondStep(page, "keyholder");
    const use = page.getByRole("button", { name: "Use a passkey" });
    await expectAccessible(page);
    // Nobody is at the keys: the step goes on.
    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
    await use.click();
    await page.getByRole("alert").getByText("No passkey was used.").waitFor();
    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
    await use.click();
    await composerOf(page);
  },
  BROWSER_TIMEOUT_MS,
);
