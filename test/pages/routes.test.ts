import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { startServer, type TestServer } from "../support/server.ts";

const PATIENCE_MS = 30_000;

let server: TestServer;
let proxied: TestServer;
beforeAll(async () => {
  [server, proxied] = await Promise.all([
    startServer(),
    startServer({ trustedProxies: "127.0.0.1" }),
  ]);
}, PATIENCE_MS);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await proxied[Symbol.asyncDispose]();
});

/** An answer as it comes over the wire, its body not decompressed. */
async function ask(path: string, headers: Record<string, string> = {}, method = "GET") {
  const response = await fetch(server.url + path, {
    method,
    headers: { "accept-encoding": "identity", ...headers },
    decompress: false,
  } as RequestInit);
  const body = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, body };
}

const textOf = (body: Uint8Array) => new TextDecoder().decode(body);

/** What a page loads before it shows anything: all addresses that stand in it. */
async function assetsOf(path: string): Promise<string[]> {
  const { body } = await ask(path);
  return [...textOf(body).matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, url = ""]) => url);
}

describe("the pages", () => {
  test.each(["/", "/c/general", "/c/general/812", "/c/", "/monitor"])(
    "%s is one of them",
    async (path) => {
      const { status, headers, body } = await ask(path);
      expect(status).toBe(200);
      expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(headers.get("cache-control")).toBe("no-cache");
      expect(textOf(body)).toMatch(/^<!doctype html>/i);
    },
    PATIENCE_MS,
  );

  test(
    "load what they need from absolute addresses with their content's hash, for ever",
    async () => {
      for (const page of ["/c/general/812", "/monitor"]) {
        const assets = await assetsOf(page);
        expect(assets.some((url) => url.endsWith(".js"))).toBe(true);
        expect(assets.some((url) => url.endsWith(".css"))).toBe(true);
        expect(assets.some((url) => url.endsWith(".svg"))).toBe(true);
        for (const url of assets) {
          const { status, headers } = await ask(url);
          expect([url, status]).toEqual([url, 200]);
          expect(url).toMatch(/-[0-9a-z]{8}\.\w+$/);
          expect(headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
          expect(headers.get("content-type")).toMatch(/^(text\/javascript|text\/css|image\/svg)/);
        }
      }
    },
    PATIENCE_MS,
  );

  test.each(["/", "/monitor"])(
    "%s takes less than 100 KB to load, as a browser asks for it",
    async (page) => {
      const urls = [page, ...new Set(await assetsOf(page))];
      const sizes = await Promise.all(
        urls.map(async (url) => (await ask(url, { "accept-encoding": "gzip, deflate, br" })).body),
      );
      expect(sizes.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(100_000);
    },
    PATIENCE_MS,
  );

  test(
    "are compressed as the client likes it, and are the same whatever it likes",
    async () => {
      const [script = ""] = (await assetsOf("/")).filter((url) => url.endsWith(".js"));
      const plain = await ask(script);
      expect(plain.headers.get("content-encoding")).toBeNull();
      const br = await ask(script, { "accept-encoding": "gzip, deflate, br, zstd" });
      expect(br.headers.get("content-encoding")).toBe("br");
      expect(br.headers.get("vary")).toBe("accept-encoding");
      const gzip = await ask(script, { "accept-encoding": "gzip;q=0.5, br;q=0" });
      expect(gzip.headers.get("content-encoding")).toBe("gzip");
      expect(textOf(brotliDecompressSync(br.body))).toBe(textOf(plain.body));
      expect(textOf(gunzipSync(gzip.body))).toBe(textOf(plain.body));
      const any = await ask(script, { "accept-encoding": "*" });
      expect(any.headers.get("content-encoding")).toBe("br");
    },
    PATIENCE_MS,
  );

  test(
    "are not sent again to who has them",
    async () => {
      const first = await ask("/");
      const entityTag = first.headers.get("etag") ?? "";
      expect(entityTag).toMatch(/^"[\w-]+-identity"$/);
      for (const known of [entityTag, `"other", W/${entityTag}`, "*"]) {
        const again = await ask("/", { "if-none-match": known });
        expect([known, again.status, again.body.length]).toEqual([known, 304, 0]);
        expect(again.headers.get("etag")).toBe(entityTag);
        expect(again.headers.get("content-security-policy")).not.toBeNull();
      }
      // The same content in another coding is another answer.
      const other = await ask("/", { "if-none-match": '"other"' });
      expect(other.status).toBe(200);
    },
    PATIENCE_MS,
  );

  test(
    "answer HEAD as GET without a body, and nothing else",
    async () => {
      const whole = await ask("/");
      const head = await ask("/", {}, "HEAD");
      expect([head.status, head.body.length]).toEqual([200, 0]);
      expect(head.headers.get("content-length")).toBe(String(whole.body.length));
      expect(head.headers.get("etag")).toBe(whole.headers.get("etag"));
      for (const method of ["POST", "PUT", "DELETE"]) {
        const refused = await ask("/", {}, method);
        expect([method, refused.status]).toEqual([method, 405]);
        expect(refused.headers.get("allow")).toBe("GET, HEAD");
      }
    },
    PATIENCE_MS,
  );

  test.each(["/assets/nothing.js", "/assets/../package.json", "/monitor/deeper", "/chat"])(
    "%s is none of them, and is refused as every address that is nothing",
    async (path) => {
      const { status, body } = await ask(path);
      expect(status).toBe(404);
      expect(JSON.parse(textOf(body))).toMatchObject({ error: { code: "NOT_FOUND" } });
    },
    PATIENCE_MS,
  );
});

describe("the headers of every page and asset", () => {
  test(
    "let it do what it needs and nothing else",
    async () => {
      for (const path of ["/", "/c/general", "/monitor", ...(await assetsOf("/"))]) {
        const { headers } = await ask(path);
        const policy = headers.get("content-security-policy") ?? "";
        const directives = new Map(
          policy.split("; ").map((directive): [string, string] => {
            const [name = "", ...values] = directive.split(" ");
            return [name, values.join(" ")];
          }),
        );
        expect(policy).not.toContain("unsafe");
        expect(Object.fromEntries(directives)).toMatchObject({
          "default-src": "'none'",
          "script-src": "'self'",
          "style-src": "'self'",
          "connect-src": "'self'",
          "base-uri": "'none'",
          "form-action": "'none'",
          "frame-ancestors": "'none'",
          "require-trusted-types-for": "'script'",
          "trusted-types": "'none'",
        });
        expect(Object.fromEntries(headers)).toMatchObject({
          "x-content-type-options": "nosniff",
          "x-frame-options": "DENY",
          "referrer-policy": "no-referrer",
          "cross-origin-opener-policy": "same-origin",
          "cross-origin-resource-policy": "same-origin",
          "permissions-policy": expect.stringContaining("publickey-credentials-get=(self)"),
        });
      }
    },
    PATIENCE_MS,
  );

  test(
    "tell browsers to keep to https, where our own proxy says that the page came over it",
    async () => {
      const strictness = async (url: string, headers: Record<string, string>) =>
        (await fetch(url, { headers })).headers.get("strict-transport-security");
      const overHttps = { "x-forwarded-proto": "https" };
      expect(await strictness(proxied.url, overHttps)).toBe("max-age=31536000");
      expect(await strictness(proxied.url, { "x-forwarded-proto": "http" })).toBeNull();
      expect(await strictness(proxied.url, {})).toBeNull();
      // Everybody can write that header.
      expect(await strictness(server.url, overHttps)).toBeNull();
    },
    PATIENCE_MS,
  );
});

test(
  "the API's own page is as it was",
  async () => {
    const { status, body } = await ask("/openapi");
    expect(status).toBe(200);
    expect(textOf(body)).toContain("swagger");
  },
  PATIENCE_MS,
);
