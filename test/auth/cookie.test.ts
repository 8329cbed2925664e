import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { CookieSignInAnswer } from "../../src/auth/schemas.ts";
import { type Answer, AuthServer, PASSWORD, SIGN_IN_TIMEOUT_MS, sessionOf } from "./auth_server.ts";
import { addPasskey, addTotp, appCode, demanded, requestOptions } from "./factors.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

const NAME = "__Host-hubbub_refresh";
const LISTED = "https://chat.example.org";

/** What a browser sends along for a page of this server's own. */
const own = (server: AuthServer) => ({ origin: server.origin, "sec-fetch-site": "same-origin" });

/** The cookie that an answer sets, as it is sent back. */
function cookieOf(answer: Answer<unknown>): string {
  const header = answer.headers.get("set-cookie") ?? "";
  expect(header).toStartWith(`${NAME}=`);
  return header.split(";")[0] as string;
}

function signIn(server: AuthServer, headers: Record<string, string> = own(server)) {
  const body = { name: "ada", password: PASSWORD, cookie: true };
  return server.post<CookieSignInAnswer>("/auth/token", body, headers);
}

/** A request without a body, as a page makes it. */
function call<Body = CookieSignInAnswer>(
  server: AuthServer,
  path: string,
  cookie: string,
  headers: Record<string, string> = own(server),
) {
  return server.call<Body>("POST", path, { headers: { ...headers, cookie } });
}

describe("a page of this server's own", () => {
  test("has its refresh token in a cookie that no script reads, and not in the answer", async () => {
    await using server = await AuthServer.start({ refreshTokenDays: 30 });
    const account = { name: "ada", password: PASSWORD, cookie: true };
    const registered = await server.post("/auth/register", account, own(server));
    expect(registered.status).toBe(201);
    for (const answer of [registered, await signIn(server)]) {
      expect(answer.body).not.toHaveProperty("refresh_token");
      expect(answer.body).toHaveProperty("access_token");
      const [pair, ...attributes] = (answer.headers.get("set-cookie") ?? "").split("; ");
      expect(pair).toMatch(/^__Host-hubbub_refresh=[\w.-]{80,}$/);
      expect(answer.text).not.toContain(pair?.split("=")[1] as string);
      expect(attributes.sort()).toEqual(
        ["HttpOnly", `Max-Age=${30 * 24 * 60 * 60}`, "Path=/", "SameSite=Strict", "Secure"].sort(),
      );
    }
  });

  test("has it there after a second factor, too, and after a passkey", async () => {
    await using server = await AuthServer.start();
    const { access_token } = await server.register();
    const { authenticator } = await addPasskey(server, access_token);
    const passkey = authenticator.get(await requestOptions(server));
    const byPasskey = { passkey, cookie: true };
    const entered = await server.post<CookieSignInAnswer>(
      "/auth/passkey/token",
      byPasskey,
      own(server),
    );
    const { secret } = await addTotp(server, entered.body.access_token);
    const { challenge } = await demanded(server);
    const byCode = { challenge, code: appCode(secret, server.nowMs), cookie: true };
    const finished = await server.post("/auth/token/factor", byCode, own(server));
    for (const answer of [entered, finished]) {
      expect(answer.status).toBe(200);
      expect(answer.body).not.toHaveProperty("refresh_token");
      expect((await call(server, "/auth/refresh", cookieOf(answer))).status).toBe(200);
    }
    for (const path of ["/auth/passkey/token", "/auth/token/factor"]) {
      const body = path === "/auth/token/factor" ? byCode : byPasskey;
      const elsewhere = { origin: "https://evil.example" };
      expect((await server.post(path, body, elsewhere)).status).toBe(403);
    }
  });

  test("goes on by the cookie, which is replaced each time", async () => {
    await using server = await AuthServer.start();
    await server.register();
    const first = await signIn(server);
    let cookie = cookieOf(first);
    for (let round = 0; round < 3; round += 1) {
      const answer = await call(server, "/auth/refresh", `theme=dark; ${cookie}; x=y`);
      expect(answer.status).toBe(200);
      expect(answer.body).not.toHaveProperty("refresh_token");
      expect(sessionOf(answer.body.access_token)).toBe(sessionOf(first.body.access_token));
      const next = cookieOf(answer);
      expect(next).not.toBe(cookie);
      cookie = next;
    }
    expect(server.endedSessions).toEqual([]);
  });

  test("may send an empty object as well as no body", async () => {
    await using server = await AuthServer.start();
    await server.register();
    const cookie = cookieOf(await signIn(server));
    const answer = await server.post("/auth/refresh", {}, { ...own(server), cookie });
    expect(answer.status).toBe(200);
  });

  test("signs out by the cookie, without an access token", async () => {
    await using server = await AuthServer.start();
    await server.register();
    const { body, ...answer } = await signIn(server);
    const cookie = cookieOf({ body, ...answer });
    const out = await call(server, "/auth/logout", cookie);
    expect(out.status).toBe(204);
    expect(out.headers.get("set-cookie")).toMatch(/^__Host-hubbub_refresh=; .*Max-Age=0/);
    expect(server.endedSessions).toEqual([sessionOf(body.access_token)]);
    expect((await server.as(body.access_token, "GET", "/auth/me")).status).toBe(401);
    expect((await call(server, "/auth/refresh", cookie)).status).toBe(401);
    // Once more does no harm.
    expect((await call(server, "/auth/logout", cookie)).status).toBe(204);
  });

  test("that signs out by an access token ends that session, whatever cookie comes along", async () => {
    await using server = await AuthServer.start();
    const { access_token } = await server.register();
    const cookie = cookieOf(await signIn(server));
    const headers = { ...own(server), authorization: `Bearer ${access_token}` };
    expect((await call(server, "/auth/logout", cookie, headers)).status).toBe(204);
    expect(server.endedSessions).toEqual([sessionOf(access_token)]);
    expect((await call(server, "/auth/refresh", cookie)).status).toBe(200);
  });

  test("changes the password and gets a new cookie", async () => {
    await using server = await AuthServer.start();
    await server.register();
    const { body, ...answer } = await signIn(server);
    const cookie = cookieOf({ body, ...answer });
    const change = { current_password: PASSWORD, new_password: "battery staple", cookie: true };
    const authorization = `Bearer ${body.access_token}`;
    const headers = { ...own(server), authorization, cookie };
    const changed = await server.post<CookieSignInAnswer>("/auth/password", change, headers);
    expect(changed.status).toBe(200);
    expect(changed.body).not.toHaveProperty("refresh_token");
    expect((await call(server, "/auth/refresh", cookie)).status).toBe(401);
    expect((await call(server, "/auth/refresh", cookieOf(changed))).status).toBe(200);
  });
});

describe("a cookie", () => {
  const strangers: readonly (readonly [string, Record<string, string>, code: string])[] = [
    ["no Origin", {}, "ORIGIN_REFUSED"],
    [
      "no Origin, though it says same-origin",
      { "sec-fetch-site": "same-origin" },
      "ORIGIN_REFUSED",
    ],
    ["a foreign Origin", { origin: "https://evil.example" }, "ORIGIN_REFUSED"],
    ["the Origin null", { origin: "null" }, "ORIGIN_REFUSED"],
    ["another port of this host", { origin: "http://localhost:1" }, "ORIGIN_REFUSED"],
    ["a listed Origin", { origin: LISTED, "sec-fetch-site": "same-site" }, "ORIGIN_REFUSED"],
  ];

  test.each(strangers)("is worth nothing with %s", async (_, headers, code) => {
    await using server = await AuthServer.start({ origins: [LISTED] });
    await server.register();
    const { body, ...answer } = await signIn(server);
    const cookie = cookieOf({ body, ...answer });
    for (const path of ["/auth/refresh", "/auth/logout"]) {
      const refused = await call<{ error: { code: string } }>(server, path, cookie, headers);
      expect(refused.status).toBe(403);
      expect(refused.body.error.code).toBe(code);
      expect(refused.headers.has("set-cookie")).toBe(false);
      expect(refused.headers.has("access-control-allow-credentials")).toBe(false);
    }
    // It is as good as it was, and nobody was signed out.
    expect(server.endedSessions).toEqual([]);
    expect((await call(server, "/auth/refresh", cookie)).status).toBe(200);
  });

  test.each(["cross-site", "same-site", "none"])(
    "is worth nothing where the browser says %s",
    async (site) => {
      await using server = await AuthServer.start();
      await server.register();
      const cookie = cookieOf(await signIn(server));
      const headers = { origin: server.origin, "sec-fetch-site": site };
      expect((await call(server, "/auth/refresh", cookie, headers)).status).toBe(403);
    },
  );

  test.each(strangers)(
    "is given to nobody with %s, before a password is hashed",
    async (_, headers) => {
      await using server = await AuthServer.start({ origins: [LISTED] });
      await server.register();
      const before = server.counters.hashes;
      const refused = await signIn(server, headers);
      expect(refused.status).toBe(403);
      expect(refused.headers.has("set-cookie")).toBe(false);
      const account = { name: "bob", password: PASSWORD, cookie: true };
      expect((await server.post("/auth/register", account, headers)).status).toBe(403);
      expect(server.counters.hashes).toBe(before);
    },
  );

  test("of another name is not taken for it", async () => {
    await using server = await AuthServer.start();
    const { refresh_token } = await server.register();
    for (const name of ["hubbub_refresh", "__Secure-hubbub_refresh", `x${NAME}`]) {
      expect((await call(server, "/auth/refresh", `${name}=${refresh_token}`)).status).toBe(401);
    }
    expect((await call(server, "/auth/refresh", `${NAME}=`)).status).toBe(401);
    expect((await call(server, "/auth/refresh", `${NAME}=${refresh_token}`)).status).toBe(200);
  });

  test("does not come into play where the body has a token", async () => {
    await using server = await AuthServer.start();
    const { refresh_token } = await server.register();
    const cookie = cookieOf(await signIn(server));
    const answer = await server.post<{ refresh_token: string }>(
      "/auth/refresh",
      { refresh_token },
      { cookie },
    );
    expect(answer.status).toBe(200);
    expect(answer.body.refresh_token).toStartWith(`${refresh_token.split(".")[0]}.`);
    expect(answer.headers.has("set-cookie")).toBe(false);
  });

  test("that was stolen and used ends the session", async () => {
    await using server = await AuthServer.start();
    await server.register();
    const stolen = cookieOf(await signIn(server));
    const next = cookieOf(await call(server, "/auth/refresh", stolen));
    await call(server, "/auth/refresh", next);
    expect((await call(server, "/auth/refresh", stolen)).status).toBe(401);
    expect(server.endedSessions).toHaveLength(1);
  });

  test("opens neither a socket nor any other route", async () => {
    await using server = await AuthServer.start();
    await server.register();
    const cookie = cookieOf(await signIn(server));
    const headers = { ...own(server), cookie };
    expect((await server.call("GET", "/auth/me", { headers })).status).toBe(401);
    expect((await server.call("POST", "/auth/ticket", { headers })).status).toBe(401);
    const socket = await server.call<object>("GET", "/ws", { headers });
    expect(socket.body).toHaveProperty("refused");
  });
});

test("who asks for no cookie gets none", async () => {
  await using server = await AuthServer.start();
  const account = { name: "ada", password: PASSWORD };
  const answer = await server.post("/auth/register", account, own(server));
  expect(answer.headers.has("set-cookie")).toBe(false);
  expect(answer.body).toHaveProperty("refresh_token");
});
