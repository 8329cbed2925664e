import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { HubbubClient } from "../../src/client/client.ts";
import { register, startServer, type TestServer } from "../support/server.ts";
import { expectAccessible } from "./accessibility.ts";
import { BROWSER_TIMEOUT_MS, openBrowser, signIn, visit } from "./browser.ts";

const family = "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}";

/** What somebody might send who means no good, or writes otherwise than most. */
const hostile = {
  "a script": "<script>window.wasRun = true</script>",
  "an image that runs": '<img src=x onerror="window.wasRun = true">',
  "markup and entities": "</div></article><h1>big</h1> &lt;b&gt; &#x3c;",
  "a template":
    "{{constructor.constructor('window.wasRun = true')()}} #{1} </textarea><svg onload=1>",
  "a script for a link": "javascript:window.wasRun=true JAVASCRIPT://x%0awindow.wasRun=true",
  "a right-to-left override": "invoice\u202excod.exe and \u2067\u2066 never closed",
  "marks of all directions": "\u202a\u202b\u202d\u202e\u2066\u2067\u2068 open to the end",
  "right to left": "שלום עולם, זה ארוך מספיק 123 (סוגריים)",
  "both directions, line by line": "مرحبا بالعالم\nhello\nשלום",
  "joined without width": `${family} a\u200db\u200cc\u200b\u2060\ufeffd`,
  "marks upon marks": `z${"\u0310\u0334\u0489".repeat(120)} end`,
  "one word": "w".repeat(4000),
  "a word of emoji": "\u{1f600}".repeat(1000),
  "lines and nothing else": `first${"\n".repeat(2000)}last`,
  "four thousand characters": "A sentence of forty characters, no less. ".repeat(98).slice(0, 4000),
  "backticks that never close": "``` ` `` a\n".repeat(300),
  "line ends of all kinds": "one\ntwo\r\nthree\u2028four\tfive",
  "a null and others": "a\u0001b\u0007c\u009bd\ufffde",
} as const;

let browser: Browser;
let server: TestServer;
let channel: number;
let bob: HubbubClient;
beforeAll(async () => {
  [browser, server] = await Promise.all([
    openBrowser(),
    startServer({ messagesPerSecond: 1000, messageBurst: 1000 }),
  ]);
  const { url } = server;
  await register(url, "ada");
  bob = new HubbubClient({ url, credentials: await register(url, "bob") });
  await bob.connect();
  channel = (await bob.join("texts")).id;
}, BROWSER_TIMEOUT_MS);
afterAll(async () => {
  await bob.close();
  await browser.close();
  await server[Symbol.asyncDispose]();
});

/** Ada's window, in a channel that holds these messages alone. */
async function showing(bodies: readonly string[], width = 1000) {
  const name = `c${crypto.randomUUID().slice(0, 8)}`;
  channel = (await bob.join(name)).id;
  for (const body of bodies) await bob.send(channel, body);
  const viewport = { width, height: 800 };
  const visitor = await visit(browser, server.url, { viewport, locale: "en-GB" });
  const { page } = visitor;
  await signIn(page, "ada", `/c/${name}`);
  await page.getByRole("button", { name: `Join #${name}` }).click();
  await page.locator(`[data-seq="${bodies.length}"]`).waitFor();
  return visitor;
}

/** How a message stands there: its text, the elements of it, and whether it stays in its place. */
function look(page: Page, seq: number) {
  return page.evaluate(async (number) => {
    const scroller = document.querySelector(".messages-scroller") as HTMLElement;
    const row = document.querySelector(`[data-seq="${number}"]`) as HTMLElement;
    const text = row.querySelector(".message-text") as HTMLElement;
    const author = row.querySelector(".message-author")?.getBoundingClientRect();
    const time = row.querySelector("time")?.getBoundingClientRect();
    const tags = [...text.querySelectorAll("*")].map(({ tagName }) => tagName.toLowerCase());
    return {
      text: text.textContent,
      tags: [...new Set(tags)],
      isInPlace: !author || !time || author.right <= time.left,
      isNarrow: scroller.scrollWidth <= scroller.clientWidth,
      heightPx: text.getBoundingClientRect().height,
    };
  }, seq);
}

describe("a message shows as text, and reaches nothing around it:", () => {
  for (const width of [320, 1000]) {
    test(
      `what means no good, ${width} px wide`,
      async () => {
        const bodies = Object.values(hostile);
        await using visitor = await showing(bodies, width);
        const { page } = visitor;
        await page.getByRole("log").focus();
        for (const [index, [what, body]] of Object.entries(hostile).entries()) {
          await page.goto(`${page.url().replace(/\/\d+$/, "")}/${index + 1}`);
          await page.waitForFunction(
            (seq) => document.activeElement?.matches(`[data-seq="${seq}"]`),
            index + 1,
          );
          const { text, tags, isInPlace, isNarrow, heightPx } = await look(page, index + 1);
          // Browsers show the three ways to end a line as one.
          expect({ what, text, isInPlace, isNarrow }).toEqual({
            what,
            text: what.startsWith("backticks") ? text : body,
            isInPlace: true,
            isNarrow: true,
          });
          expect(tags.filter((tag) => !["code", "pre"].includes(tag))).toEqual([]);
          expect(heightPx).toBeLessThan(1300);
        }
        expect(await page.evaluate(() => "wasRun" in window)).toBe(false);
        await expectAccessible(page);
      },
      2 * BROWSER_TIMEOUT_MS,
    );
  }

  test(
    "a long one is cut until asked for",
    async () => {
      await using visitor = await showing([hostile["lines and nothing else"]]);
      const { page } = visitor;
      const button = page.getByRole("button", { name: "Show the whole message" });
      await button.click();
      const { heightPx } = await look(page, 1);
      expect(heightPx).toBeGreaterThan(20_000);
      await page.getByRole("button", { name: "Show less" }).click();
      await button.waitFor();
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "links lead where they say, in a page of their own that knows nothing of this one",
    async () => {
      await using visitor = await showing([
        "see https://example.com/a?b=1, and \u202ehttps://example.org/\u202c too",
        "https://аpple.example/ https://good.example/\u202egpj.exe",
      ]);
      const { page } = visitor;
      const links = page.locator(".message-text a");
      const told = await links.evaluateAll((all) =>
        (all as HTMLAnchorElement[]).map(({ textContent, href, rel, target, dir }) => ({
          textContent,
          href,
          about: `${rel} ${target} ${dir}`,
        })),
      );
      const about = "noopener noreferrer nofollow _blank ltr";
      expect(told).toEqual([
        { textContent: "https://example.com/a?b=1", href: "https://example.com/a?b=1", about },
        {
          textContent: "https://xn--pple-43d.example/",
          href: "https://xn--pple-43d.example/",
          about,
        },
      ]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "code, blocks of it, emoji alone, and times that say when in full",
    async () => {
      await using visitor = await showing([
        "run `a < b`",
        "```js\nlet x;\n```",
        "\u{1f389}\u{1f389}",
      ]);
      const { page } = visitor;
      expect(await page.locator(".message-text > code").textContent()).toBe("a < b");
      expect(await page.locator(".message-text pre").textContent()).toBe("let x;");
      const sizes = await page
        .locator(".message-text")
        .evaluateAll((all) =>
          all.map((text) => Number.parseFloat(getComputedStyle(text).fontSize)),
        );
      expect(sizes[2]).toBeGreaterThan(2 * (sizes[0] as number));
      const time = page.locator("time").first();
      const [iso, title] = [await time.getAttribute("datetime"), await time.getAttribute("title")];
      expect(Math.abs(Date.parse(iso ?? "") - Date.now())).toBeLessThan(BROWSER_TIMEOUT_MS);
      expect(title).toContain(String(new Date().getFullYear()));
      // One author, one name; the others stand under it.
      expect(await page.locator("bdi.message-author").count()).toBe(1);
    },
    BROWSER_TIMEOUT_MS,
  );
});
