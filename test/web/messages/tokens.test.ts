import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readBody } from "../../../src/web/chat/messages/tokens.ts";

/** The tokens as one line: `text`, `<code>`, `[block]`, `{shown → href}`. */
function read(body: string): string[] {
  return readBody(body).tokens.map((token) => {
    if (token.kind === "code") return `<${token.text}>`;
    if (token.kind === "block") return `[${token.text}]`;
    return token.kind === "link" ? `{${token.text} → ${token.href}}` : token.text;
  });
}

describe("a message's text", () => {
  test.each([
    ["plain", ["plain"]],
    ["two\nlines", ["two\nlines"]],
    ["<b>bold</b> &amp; <script>", ["<b>bold</b> &amp; <script>"]],
    ["say `x < y` twice", ["say ", "<x < y>", " twice"]],
    ["``a`b``", ["<a`b>"]],
    ["an ` alone", ["an ` alone"]],
    ["not `over\nlines`", ["not `over\nlines`"]],
    ["`` ``", ["`` ``"]],
    ["before\n```ts\nlet x = `1`;\n```\nafter", ["before", "[let x = `1`;]", "after"]],
    ["```one line```", ["[one line]"]],
    ["``` never closed `x`", ["``` never closed ", "<x>"]],
    ["`http://a.example`", ["<http://a.example>"]],
    ["", []],
  ])("%j is read as %j", (body, expected) => {
    expect(read(body)).toEqual(expected);
  });

  test.each([
    ["👍", true],
    ["👍🏽 ❤️", true],
    ["👨‍👩‍👧‍👦", true],
    ["🇩🇪\n🏴󠁧󠁢󠁳󠁣󠁴󠁿", true],
    ["1️⃣", true],
    ["👍 yes", false],
    ["123", false],
    ["", false],
    ["👍".repeat(13), false],
  ])("%j is emoji alone: %p", (body, expected) => {
    expect(readBody(body).isEmojiAlone).toBe(expected);
  });

  test("shows every character of a text without links, in order", () => {
    const marks = fc.constantFrom(
      "`",
      "``",
      "```",
      "\n",
      "é",
      " ",
      "://",
      "\u202e",
      "👍",
      "<",
      "?",
    );
    fc.assert(
      fc.property(fc.array(marks, { maxLength: 60, size: "max" }), (parts) => {
        const body = parts.join("");
        const shown = readBody(body)
          .tokens.map(({ text }) => text)
          .join("");
        // What marks code, and the blank around blocks of it, is all that is left out.
        const bare = (text: string) => text.replace(/[`\s]/g, "");
        expect(bare(shown)).toBe(bare(body));
      }),
    );
  });

  test.each([
    ["backticks", "`a` ".repeat(4096)],
    ["links", "http://a.b ".repeat(1400)],
    ["fences", "```a".repeat(4096)],
  ])("is a bounded number of pieces: %s", (_, body) => {
    const { tokens, isLong } = readBody(body);
    expect(tokens.length).toBeLessThanOrEqual(401);
    expect(isLong).toBe(true);
    expect(tokens.at(-1)?.kind).toBe("text");
  });
});

describe("a link", () => {
  test.each([
    ["see https://example.com/a?b=1.", "https://example.com/a?b=1", "https://example.com/a?b=1"],
    ["(https://example.com/A_(b))", "https://example.com/A_(b)", "https://example.com/A_(b)"],
    ["HTTP://Example.COM/Path", "http://example.com/Path", "http://example.com/Path"],
    ["http://[::1]:4000/x", "http://[::1]:4000/x", "http://[::1]:4000/x"],
    ["http://localhost:4000/c/a/8", "http://localhost:4000/c/a/8", "http://localhost:4000/c/a/8"],
    [
      "https://example.com/путь",
      "https://example.com/путь",
      "https://example.com/%D0%BF%D1%83%D1%82%D1%8C",
    ],
  ])("of %j leads where it says", (body, text, href) => {
    const links = readBody(body).tokens.filter(({ kind }) => kind === "link");
    expect(links).toEqual([{ kind: "link", text, href }]);
  });

  test.each([
    // The first letter is Cyrillic.
    ["https://аpple.com/x", "https://xn--pple-43d.com/x"],
    ["https://münchen.example", "https://xn--mnchen-3ya.example"],
    ["http://0x7f.1/a", "http://127.0.0.1/a"],
    ["http://ｅxample.com", "http://example.com"],
  ])("shows the host that is really asked: %j as %j", (body, shown) => {
    expect(readBody(body).tokens).toMatchObject([{ kind: "link", text: shown }]);
  });

  test.each([
    "javascript:alert(1)",
    "javascript://example.com/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "ftp://example.com/",
    "//example.com/",
    "mailto:a@example.com",
    "example.com",
    "https://known.example@other.example/",
    "https://user:word@other.example/",
    "https://good.example/\u202egpj.exe",
    "https://go\u200bod.example/",
    "https://good\u00ad.example/",
    "https://good.example/\u{e0041}",
    "xhttps://good.example/",
  ])("is not made of %j", (body) => {
    expect(readBody(body).tokens.map(({ kind }) => kind)).toEqual(["text"]);
  });

  test("leads to http or https, whatever was written, and shows the host that it leads to", () => {
    const part = fc.oneof(
      fc.constantFrom(
        "http://",
        "https://",
        "javascript:",
        "@",
        ":",
        "/",
        "\\",
        "?",
        "#",
        "a.example",
      ),
      fc.constantFrom(
        "xn--",
        "%00",
        "\u202e",
        "\u200d",
        "я",
        "..",
        "[::1]",
        " ",
        "\t",
        "'",
        '"',
        "<",
      ),
      fc.string({ unit: "binary", maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12, size: "max" }), (parts) => {
        for (const token of readBody(parts.join("")).tokens) {
          if (token.kind !== "link") continue;
          const url = new URL(token.href);
          expect(["http:", "https:"]).toContain(url.protocol);
          expect([url.username, url.password]).toEqual(["", ""]);
          expect(token.text.startsWith(`${url.protocol}//${url.host}`)).toBe(true);
          expect(token.text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
