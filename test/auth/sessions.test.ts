import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { SessionListAnswer, SignInAnswer } from "../../src/auth/schemas.ts";
import { SESSIONS_PER_ACCOUNT } from "../../src/store/sign_ins.ts";
import { InProcessStore } from "../support/in_process_store.ts";
import {
  AuthServer,
  expectStatus,
  PASSWORD,
  SIGN_IN_TIMEOUT_MS,
  sessionOf,
} from "./auth_server.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

const NEW_PASSWORD = "battery staple";

async function sessions(server: AuthServer, token: string) {
  const answer = await server.as<SessionListAnswer>(token, "GET", "/auth/sessions");
  return expectStatus(200, answer).sessions;
}

/** Begins a session without hashing a password. */
async function beginSession(store: InProcessStore, name: string, expiresMs: number) {
  const known = store.reads.credentialsByName(name);
  if (known === undefined) throw new Error(`there is no account ${name}`);
  await store.run("beginSession", {
    id: crypto.randomUUID(),
    accountId: known.account.id,
    passwordHash: known.passwordHash,
    epoch: known.epoch,
    label: "test",
    nowMs: expiresMs,
    expiresMs,
  });
}

describe("the list of sessions", () => {
  test("shows each sign-in with its device, and which of them asks", async () => {
    await using server = await AuthServer.start();
    const body = { name: "ada", password: PASSWORD };
    await server.post("/auth/register", body, { "user-agent": "A".repeat(300) });
    server.nowMs += 5000;
    const here = await server.signIn();
    expect(await sessions(server, here.access_token)).toEqual([
      {
        id: sessionOf(here.access_token),
        label: expect.stringContaining("Bun"),
        created_ms: server.nowMs,
        used_ms: server.nowMs,
        expires_ms: server.nowMs + 30 * 24 * 60 * 60 * 1000,
        current: true,
      },
      expect.objectContaining({
        label: "A".repeat(100),
        created_ms: server.nowMs - 5000,
        current: false,
      }),
    ]);
  });

  test("holds no session of another account", async () => {
    await using server = await AuthServer.start();
    await server.register("ada");
    const bob = await server.register("bob");
    expect(await sessions(server, bob.access_token)).toHaveLength(1);
  });
});

describe("a session", () => {
  test("ends at its logout: its token opens nothing any more, others' do", async () => {
    await using server = await AuthServer.start();
    const gone = await server.register();
    const other = await server.signIn();
    expect((await server.as(gone.access_token, "POST", "/auth/logout")).status).toBe(204);

    expect(server.endedSessions).toEqual([sessionOf(gone.access_token)]);
    expect((await server.as(gone.access_token, "GET", "/auth/me")).status).toBe(401);
    expect((await server.as(other.access_token, "GET", "/auth/me")).status).toBe(200);
    const refresh = await server.post("/auth/refresh", { refresh_token: gone.refresh_token });
    expect(refresh.status).toBe(401);
  });

  test("is ended from another device of the same account", async () => {
    await using server = await AuthServer.start();
    const lost = sessionOf((await server.register()).access_token);
    const { access_token } = await server.signIn();
    const answer = await server.as(access_token, "DELETE", `/auth/sessions/${lost}`);
    expect(answer.status).toBe(204);
    expect(server.endedSessions).toEqual([lost]);
    expect(await sessions(server, access_token)).toHaveLength(1);
  });

  test("of another account, or of none, cannot be ended", async () => {
    await using server = await AuthServer.start();
    const ada = await server.register("ada");
    const bob = await server.register("bob");
    for (const id of [sessionOf(ada.access_token), "nothing", "%", "%ff"]) {
      const answer = await server.as(bob.access_token, "DELETE", `/auth/sessions/${id}`);
      expect(answer.status).toBe(404);
      expect(answer.body.error.code).toBe("NOT_FOUND");
    }
    expect((await server.as(ada.access_token, "GET", "/auth/me")).status).toBe(200);
    expect(server.endedSessions).toEqual([]);
  });

  test("that is one too many ends the one unused for longest", async () => {
    await using server = await AuthServer.start();
    const oldest = sessionOf((await server.register()).access_token);
    server.nowMs += 1;
    for (let more = 1; more < SESSIONS_PER_ACCOUNT; more += 1) {
      await beginSession(server.store, "ada", server.nowMs + 1e9);
    }
    expect(server.endedSessions).toEqual([]);
    const { access_token } = await server.signIn();
    expect(server.endedSessions).toEqual([oldest]);
    expect(await sessions(server, access_token)).toHaveLength(SESSIONS_PER_ACCOUNT);
  });

  test("that has expired is gone after the next start, however many there are", async () => {
    const store = new InProcessStore();
    const nowMs = Date.now();
    for (const name of ["ada", "bob", "cyd", "dan", "eve", "fay"]) {
      await store.run("createAccount", { name, passwordHash: "none", role: "user", nowMs });
      for (let n = 0; n < SESSIONS_PER_ACCOUNT; n += 1) await beginSession(store, name, nowMs - 1);
    }
    await beginSession(store, "ada", nowMs + 1e9);
    await using server = await AuthServer.start({ store });
    // One of them made room for the last session.
    expect(server.endedSessions).toHaveLength(6 * SESSIONS_PER_ACCOUNT - 1);
    const rows = "SELECT (SELECT count(*) FROM session) s, (SELECT count(*) FROM refresh_token) t";
    expect(store.reading.query(rows).get()).toEqual({ s: 1, t: 1 });
  });
});

test("a session that is in use is prolonged, and one that has ended does not begin again", async () => {
  const store = new InProcessStore();
  const { run, reading } = store;
  const nowMs = Date.now();
  await run("createAccount", { name: "ada", passwordHash: "none", role: "user", nowMs });
  for (let n = 0; n < 2; n += 1) await beginSession(store, "ada", nowMs - 1);
  const ids = reading.query("SELECT id FROM session ORDER BY id").values().flat() as string[];
  const [inUse, unused] = ids as [string, string];
  await run("prolongSessions", [inUse, "ended"], nowMs, nowMs + 1000);
  expect(await run("deleteExpiredSessions", nowMs)).toEqual([unused]);
  expect(reading.query("SELECT id FROM session").values()).toEqual([[inUse]]);
  store.close();
});

describe("changing the password", () => {
  const change = { current_password: PASSWORD, new_password: NEW_PASSWORD };

  test("ends every session but the one that asks, which goes on under new tokens", async () => {
    await using server = await AuthServer.start();
    const other = await server.register();
    const here = await server.signIn();
    const { body } = await server.as<SignInAnswer>(
      here.access_token,
      "POST",
      "/auth/password",
      change,
    );
    expect(server.endedSessions).toEqual([sessionOf(other.access_token)]);
    const told = server.logged.map((line) => JSON.parse(line)).find(({ account }) => account);
    expect(told).toMatchObject({ msg: "password changed", account: 1, sessionsEnded: 1 });
    expect(sessionOf(body.access_token)).toBe(sessionOf(here.access_token));
    expect(body.user).toEqual(here.user);
    expect((await server.as(body.access_token, "GET", "/auth/me")).status).toBe(200);
    const { refresh_token } = body;
    expect((await server.post("/auth/refresh", { refresh_token })).status).toBe(200);
  });

  test("makes everything void that was given out before, to the asking session too", async () => {
    await using server = await AuthServer.start();
    const here = await server.register();
    const retired = here.refresh_token;
    const current = await server.post<SignInAnswer>("/auth/refresh", { refresh_token: retired });
    const issued = await server.post<SignInAnswer>("/auth/refresh", {
      refresh_token: current.body.refresh_token,
    });
    const { access_token } = issued.body;
    const asked = await server.as<{ ticket: string }>(access_token, "POST", "/auth/ticket");
    const answer = await server.as<SignInAnswer>(access_token, "POST", "/auth/password", change);

    for (const token of [here.access_token, current.body.access_token, access_token]) {
      expect((await server.as(token, "GET", "/auth/me")).status).toBe(401);
    }
    for (const refresh_token of [retired, current.body.refresh_token, issued.body.refresh_token]) {
      expect((await server.post("/auth/refresh", { refresh_token })).status).toBe(401);
    }
    const protocols = { "sec-websocket-protocol": `hubbub.v1, ticket.${asked.body.ticket}` };
    const socket = await server.call<object>("GET", "/ws", { headers: protocols });
    expect(socket.body).toHaveProperty("refused");
    // What a thief shows of the time before says nothing about the tokens of now.
    expect(server.endedSessions).toEqual([]);
    expect((await server.as(answer.body.access_token, "GET", "/auth/me")).status).toBe(200);
  });

  test("does nothing for a session that was ended while the passwords were hashed", async () => {
    await using server = await AuthServer.start();
    const { access_token } = await server.register();
    const changing = server.as(access_token, "POST", "/auth/password", change);
    await server.as(access_token, "POST", "/auth/logout");
    expect((await changing).status).toBe(401);
    await server.signIn();
  });

  test("lets the new password in and keeps the old one out", async () => {
    await using server = await AuthServer.start();
    const { access_token } = await server.register();
    await server.as(access_token, "POST", "/auth/password", change);
    await server.signIn("ada", NEW_PASSWORD);
    const answer = await server.post("/auth/token", { name: "ada", password: PASSWORD });
    expect(answer.body.error.code).toBe("INVALID_CREDENTIALS");
  });

  test("takes the present password, not just a token", async () => {
    await using server = await AuthServer.start();
    const { access_token } = await server.register();
    const guess = { ...change, current_password: "a wrong guess" };
    const answer = await server.as(access_token, "POST", "/auth/password", guess);
    expect(answer.status).toBe(401);
    expect(answer.body.error.code).toBe("INVALID_CREDENTIALS");
    await server.signIn();
  });

  test("holds the new password to the same rules", async () => {
    await using server = await AuthServer.start();
    const { access_token } = await server.register();
    const short = { ...change, new_password: "short" };
    const answer = await server.as(access_token, "POST", "/auth/password", short);
    expect(answer.body.error.text).toBe("new_password: 8 to 256 characters of text.");
  });

  test("twice at once happens once", async () => {
    await using server = await AuthServer.start();
    const { access_token } = await server.register();
    const both = [1, 2].map((n) =>
      server.as(access_token, "POST", "/auth/password", {
        current_password: PASSWORD,
        new_password: `${NEW_PASSWORD} ${n}`,
      }),
    );
    const statuses = (await Promise.all(both)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 401]);
  });
});
