import { expect, test } from "bun:test";
import { PASSWORD, startServer } from "../support/server.ts";

const PATIENCE_MS = 30_000;

test(
  "/healthz says that the server lives, /readyz that it takes messages",
  async () => {
    await using server = await startServer();
    const healthy = await fetch(`${server.url}/healthz`);
    expect([healthy.status, await healthy.json()]).toEqual([200, { alive: true }]);
    const ready = await fetch(`${server.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, reasons: [] }]);
  },
  PATIENCE_MS,
);

test(
  "a stopped server answers nobody",
  async () => {
    await using server = await startServer();
    await server.stop();
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
  },
  PATIENCE_MS,
);

test(
  "/ is the chat",
  async () => {
    await using server = await startServer();
    const response = await fetch(server.url);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("<title>Hubbub</title>");
  },
  PATIENCE_MS,
);

test.each(["/nowhere", "/auth/nowhere", "/healthz/deeper", "/.env", "/%00", "/auth/me/../nowhere"])(
  "%s is refused with a code",
  async (path) => {
    await using server = await startServer();
    const response = await fetch(server.url + path);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: { code: "NOT_FOUND", text: "There is nothing here." },
    });
  },
  PATIENCE_MS,
);

test(
  "/openapi is a page for people, and names every route of sign-in and operation for programs",
  async () => {
    await using server = await startServer();
    const page = await fetch(`${server.url}/openapi`);
    expect(page.status).toBe(200);
    expect(page.headers.get("Content-Type")).toStartWith("text/html");
    // The page finds the other by an address relative to its own.
    expect(await page.text()).toContain('"url":"openapi/json"');

    const response = await fetch(`${server.url}/openapi/json`);
    expect(response.headers.get("Content-Type")).toStartWith("application/json");
    const { openapi, paths } = (await response.json()) as {
      openapi: string;
      paths: Record<string, Record<string, { responses: object }>>;
    };
    expect(openapi).toStartWith("3.");
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(routes.sort()).toEqual([
      "delete /auth/factors/passkeys/{id}",
      "delete /auth/factors/totp",
      "delete /auth/sessions/{id}",
      "get /auth/factors",
      "get /auth/me",
      "get /auth/sessions",
      "patch /auth/factors/passkeys/{id}",
      "post /auth/confirm",
      "post /auth/confirm/options",
      "post /auth/factors/passkeys",
      "post /auth/factors/passkeys/options",
      "post /auth/factors/recovery-codes",
      "post /auth/factors/totp",
      "post /auth/factors/totp/confirm",
      "post /auth/logout",
      "post /auth/passkey/options",
      "post /auth/passkey/token",
      "post /auth/password",
      "post /auth/refresh",
      "post /auth/register",
      "post /auth/ticket",
      "post /auth/token",
      "post /auth/token/factor",
      "post /profile",
    ]);
    // Each one that is named is there: it answers something else than NOT_FOUND.
    for (const route of routes) {
      const [method = "", path = ""] = route.split(" ");
      const url = server.url + path.replace("{id}", "1");
      expect((await fetch(url, { method: method.toUpperCase() })).status).not.toBe(404);
    }
  },
  PATIENCE_MS,
);

test(
  "a body that no route takes is refused, and the server goes on",
  async () => {
    await using server = await startServer();
    const post = (body: string) =>
      fetch(`${server.url}/auth/register`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body,
      });
    const account = { name: "ada", password: PASSWORD };
    const padded = (bytes: number) => JSON.stringify({ ...account, padding: "x".repeat(bytes) });
    const large = await post(padded(5_000));
    expect(large.status).toBe(413);
    expect(await large.json()).toMatchObject({ error: { code: "BODY_TOO_LARGE" } });
    // Past 64 KiB Bun answers by itself, before anything of ours is asked.
    expect((await post(padded(70 * 1024))).status).toBe(413);
    expect((await post(JSON.stringify(account))).status).toBe(201);
  },
  PATIENCE_MS,
);
