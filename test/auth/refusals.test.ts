import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { StoreError } from "../../src/store/errors.ts";
import { AuthServer, type ErrorBody, PASSWORD, SIGN_IN_TIMEOUT_MS } from "./auth_server.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

const SECRET = "do-not-echo-this";

/** Bodies that nobody should send, each with the secret somewhere in it. */
const hostileBodies: readonly (readonly [string, string, status: number, mentions: string])[] = [
  ["a password in a list", JSON.stringify({ name: "ada", password: [SECRET] }), 422, '"password"'],
  ["a password that is a number", `{"name":"${SECRET}","password":12345678}`, 422, '"password"'],
  ["a password in an object", JSON.stringify({ name: "ada", password: { SECRET } }), 422, "passw"],
  ["a password as a key", JSON.stringify({ name: "ada", [SECRET]: 1 }), 422, '"password"'],
  ["a name in a list", JSON.stringify({ name: [SECRET], password: SECRET }), 422, '"name"'],
  ["a list", JSON.stringify([SECRET]), 422, "missing"],
  ["a text", JSON.stringify(SECRET), 422, "missing"],
  ["a null", "null", 422, "object"],
  ["broken JSON", `{"name":"ada","password":"${SECRET}"`, 400, "not valid JSON"],
  ["no JSON", SECRET, 400, "not valid JSON"],
  ["nothing", "", 400, "not valid JSON"],
  ["2 KB", JSON.stringify({ name: "ada", password: SECRET.repeat(127) }), 413, "2048 bytes"],
  ["1 MB", JSON.stringify({ name: "ada", password: SECRET.repeat(65_536) }), 413, "2048 bytes"],
];

describe("a body that cannot be used", () => {
  test.each(hostileBodies)("(%s) is refused without an echo", async (_, body, status, mentions) => {
    await using server = await AuthServer.start();
    for (const path of ["/auth/register", "/auth/token"]) {
      const answer = await server.post(path, body);
      expect(answer.status).toBe(status);
      expect(answer.body.error.text).toContain(mentions);
      expect(answer.text).not.toContain(SECRET);
    }
    expect(server.logged.join("")).not.toContain(SECRET);
  });

  test.each([
    ["lists", "[", "]"],
    ["objects", '{"a":', "}"],
  ])("of %s in each other is not looked into, wherever it stands", async (_, open, close) => {
    await using server = await AuthServer.start();
    const nested = (depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`;
    for (const [path, body, depth] of [
      ["/auth/token", (inner: string) => inner, 300],
      ["/auth/token", (inner: string) => `{"name":"ada","password":${inner}}`, 300],
      ["/auth/token/factor", (inner: string) => `{"challenge":${inner}}`, 1300],
      ["/auth/passkey/token", (inner: string) => `{"passkey":${inner}}`, 1300],
    ] as const) {
      const deep = await server.post(path, body(nested(depth)));
      expect([deep.status, deep.body.error]).toEqual([
        400,
        { code: "INVALID_FRAME", text: "The body is nested too deeply." },
      ]);
      const wrong = await server.post(path, body(nested(6)));
      expect([wrong.status, wrong.body.error.code]).toEqual([422, "INVALID_ARGUMENT"]);
    }
  });

  test("is read no further than 2 KB, though no length was announced", async () => {
    await using server = await AuthServer.start();
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1024).fill(0x20)),
    });
    const headers = { "content-type": "application/json" };
    const answer = await server.call<ErrorBody>("POST", "/auth/token", { headers, body: endless });
    expect(answer.status).toBe(413);
    expect(answer.body.error.code).toBe("BODY_TOO_LARGE");
  });

  test.each([
    ["of another type", { "content-type": "text/plain" }, "{}"],
    ["of no type", {}, new Uint8Array([0x7b, 0x7d])],
    ["that is no UTF-8", { "content-type": "application/json" }, new Uint8Array([0x22, 0xff])],
  ])("(%s) is INVALID_FRAME", async (_, headers, body) => {
    await using server = await AuthServer.start();
    const answer = await server.call<ErrorBody>("POST", "/auth/register", { headers, body });
    expect(answer.status).toBe(400);
    expect(answer.body.error.code).toBe("INVALID_FRAME");
  });

  test("as a form is taken by no route but the token's", async () => {
    await using server = await AuthServer.start();
    const body = new URLSearchParams({ name: "ada", password: PASSWORD });
    const answer = await server.call<ErrorBody>("POST", "/auth/register", { body });
    expect(answer.body.error.code).toBe("INVALID_FRAME");
  });
});

describe("any refusal", () => {
  test.each([
    ["GET", "/auth/nothing"],
    ["GET", "/auth/token"],
    ["PUT", "/auth/me"],
    ["OPTIONS", "/auth/me"],
    ["GET", "/auth"],
    ["GET", "/elsewhere"],
  ])("of %s %s is NOT_FOUND", async (method, path) => {
    await using server = await AuthServer.start();
    const answer = await server.call<ErrorBody>(method, path);
    expect(answer.status).toBe(404);
    expect(answer.body.error.code).toBe("NOT_FOUND");
  });

  test("is counted under its code", async () => {
    await using server = await AuthServer.start();
    await server.call("GET", "/auth/me");
    await server.call("GET", "/auth/me");
    await server.call("GET", "/auth/nothing");
    expect(Object.fromEntries(server.counters.refusals)).toEqual({
      INVALID_TOKEN: 2,
      NOT_FOUND: 1,
    });
  });

  test("for a disk that does not write is STORE_UNAVAILABLE", async () => {
    await using server = await AuthServer.start({
      run: () => Promise.reject(new StoreError("SQLITE_FULL", "disk full")),
    });
    const answer = await server.post("/auth/register", { name: "ada", password: PASSWORD });
    expect(answer.status).toBe(503);
    expect(answer.body.error.code).toBe("STORE_UNAVAILABLE");
  });

  test("for a mistake of ours is INTERNAL, and logged without what was submitted", async () => {
    await using server = await AuthServer.start({
      run: () => Promise.reject(new Error("a mistake")),
    });
    const credentials = { name: "ada", password: SECRET };
    const answer = await server.post(`/auth/register?token=${SECRET}`, credentials);
    expect(answer.status).toBe(500);
    expect(answer.body.error.code).toBe("INTERNAL");
    const logged = server.logged.join("");
    expect(logged).toContain("a mistake");
    expect(logged).not.toContain(SECRET);
  });
});

describe("an answer", () => {
  test("is kept by no cache", async () => {
    await using server = await AuthServer.start();
    const good = await server.post("/auth/register", { name: "ada", password: PASSWORD });
    const refused = await server.call("GET", "/auth/me");
    expect(good.headers.get("cache-control")).toBe("no-store");
    expect(refused.headers.get("cache-control")).toBe("no-store");
  });
});
