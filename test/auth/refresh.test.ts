import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { SignInAnswer } from "../../src/auth/schemas.ts";
import { RETIRED_TOKENS_PER_SESSION } from "../../src/store/refresh_tokens.ts";
import { AuthServer, expectStatus, SIGN_IN_TIMEOUT_MS, sessionOf } from "./auth_server.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

const DAY_MS = 24 * 60 * 60 * 1000;

async function refresh(server: AuthServer, refreshToken: string): Promise<SignInAnswer> {
  const body = { refresh_token: refreshToken };
  return expectStatus(200, await server.post<SignInAnswer>("/auth/refresh", body));
}

async function expectRefused(server: AuthServer, refreshToken: string): Promise<void> {
  const answer = await server.post("/auth/refresh", { refresh_token: refreshToken });
  expect(answer.status).toBe(401);
  expect(answer.body.error.code).toBe("INVALID_TOKEN");
}

describe("refreshing", () => {
  test("goes on with the session, under new tokens", async () => {
    await using server = await AuthServer.start();
    const first = await server.register();
    const second = await refresh(server, first.refresh_token);
    expect(second.user).toEqual(first.user);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(sessionOf(second.access_token)).toBe(sessionOf(first.access_token));
    const me = await server.as(second.access_token, "GET", "/auth/me");
    expect(me.status).toBe(200);
  });

  test("hashes no password", async () => {
    await using server = await AuthServer.start();
    const { refresh_token } = await server.register();
    const before = server.counters.hashes;
    await refresh(server, refresh_token);
    expect(server.counters.hashes).toBe(before);
  });

  test("works a hundred times in a row, and keeps the table small", async () => {
    await using server = await AuthServer.start();
    let { refresh_token } = await server.register();
    for (let round = 0; round < 100; round += 1) {
      server.nowMs += 1;
      ({ refresh_token } = await refresh(server, refresh_token));
    }
    const rows = server.store.reading
      .query("SELECT state, count(*) AS n FROM refresh_token GROUP BY state ORDER BY state")
      .all();
    expect(rows).toEqual([
      { state: "current", n: 1 },
      { state: "issued", n: 1 },
      { state: "retired", n: RETIRED_TOKENS_PER_SESSION },
    ]);
  });

  test("again with the same token, because the answer was lost, logs nobody out", async () => {
    await using server = await AuthServer.start();
    const first = await server.register();
    await refresh(server, first.refresh_token);
    const again = await refresh(server, first.refresh_token);
    await refresh(server, again.refresh_token);
    expect(server.endedSessions).toEqual([]);
  });

  test("from two tabs at once gives both a token, of which the newer one goes on", async () => {
    await using server = await AuthServer.start();
    const first = await server.register();
    const one = await refresh(server, first.refresh_token);
    const other = await refresh(server, first.refresh_token);
    await refresh(server, other.refresh_token);
    await expectRefused(server, one.refresh_token);
    // The token of the slower tab was never used, so it is no sign of theft.
    expect(server.endedSessions).toEqual([]);
  });

  test("with a token whose successor was used ends the session: one of the two is a thief", async () => {
    await using server = await AuthServer.start();
    const first = await server.register();
    const second = await refresh(server, first.refresh_token);
    const third = await refresh(server, second.refresh_token);
    await expectRefused(server, first.refresh_token);

    expect(server.endedSessions).toEqual([sessionOf(first.access_token)]);
    await expectRefused(server, third.refresh_token);
    expect((await server.as(third.access_token, "GET", "/auth/me")).status).toBe(401);
    const warning = server.logged.map((line) => JSON.parse(line)).find(({ level }) => level === 40);
    expect(warning).toMatchObject({ account: first.user.id, address: "192.0.2.1" });
    expect(server.logged.join("")).not.toContain(first.refresh_token);
  });

  test("leaves the account's other sessions alone when one was stolen", async () => {
    await using server = await AuthServer.start();
    const stolen = await server.register();
    const other = await server.signIn();
    const next = await refresh(server, stolen.refresh_token);
    await refresh(server, next.refresh_token);
    await expectRefused(server, stolen.refresh_token);
    await refresh(server, other.refresh_token);
  });

  test.each([0, 1, 43, 1500])("refuses a token of %d made-up characters", async (length) => {
    await using server = await AuthServer.start();
    await expectRefused(server, "x".repeat(length));
  });

  test("refuses an access token", async () => {
    await using server = await AuthServer.start();
    const { access_token } = await server.register();
    await expectRefused(server, access_token);
  });

  test("keeps a session alive for as long as it is used, and not longer", async () => {
    await using server = await AuthServer.start({ refreshTokenDays: 30 });
    let { refresh_token } = await server.register();
    for (let use = 0; use < 3; use += 1) {
      server.nowMs += 29 * DAY_MS;
      ({ refresh_token } = await refresh(server, refresh_token));
    }
    server.nowMs += 30 * DAY_MS;
    await expectRefused(server, refresh_token);
    expect(server.endedSessions.length).toBe(1);
  });

  test("keeps no token in the file as it was given out", async () => {
    await using server = await AuthServer.start();
    const { refresh_token } = await server.register();
    const rows = server.store.reading.query("SELECT hash FROM refresh_token").all();
    expect(rows).toEqual([
      { hash: new Uint8Array(new Bun.CryptoHasher("sha256").update(refresh_token).digest()) },
    ]);
  });
});
