import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { SignInAnswer } from "../../src/auth/schemas.ts";
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
    ]);
  });

  test("with the very first token ends the session, however often it was refreshed since", async () => {
    await using server = await AuthServer.start();
    const first = await server.register();
    let { refresh_token } = first;
    for (let round = 0; round < 100; round += 1) {
      ({ refresh_token } = await refresh(server, refresh_token));
    }
    await expectRefused(server, first.refresh_token);
    expect(server.endedSessions).toEqual([sessionOf(first.access_token)]);
    await expectRefused(server, refresh_token);
  });

  test("with a token made up for a known session ends nothing", async () => {
    await using server = await AuthServer.start();
    const { access_token, refresh_token } = await server.register();
    const session = sessionOf(access_token);
    const [, random, mac] = refresh_token.split(".");
    const flipped = `${mac?.[0] === "A" ? "B" : "A"}${mac?.slice(1)}`;
    for (const made of [
      `${session}.${"x".repeat(43)}.${"y".repeat(22)}`,
      `${session}.${random}.${flipped}`,
      `${session}.${"x".repeat(43)}.${mac}`,
      `${session}..`,
      session,
    ]) {
      await expectRefused(server, made);
    }
    expect(server.endedSessions).toEqual([]);
    await refresh(server, refresh_token);
  });

  test("again and again with one token keeps the table small, and the last answer good", async () => {
    await using server = await AuthServer.start();
    const { refresh_token } = await server.register();
    let last = await refresh(server, refresh_token);
    for (let lost = 0; lost < 50; lost += 1) last = await refresh(server, refresh_token);
    const rows = server.store.reading.query("SELECT count(*) AS n FROM refresh_token").get();
    expect(rows).toEqual({ n: 17 });
    await refresh(server, last.refresh_token);
    expect(server.endedSessions).toEqual([]);
  });

  test("again with the same token, because the answer was lost, logs nobody out", async () => {
    await using server = await AuthServer.start();
    const first = await server.register();
    await refresh(server, first.refresh_token);
    const again = await refresh(server, first.refresh_token);
    await refresh(server, again.refresh_token);
    expect(server.endedSessions).toEqual([]);
  });

  test.each([0, 1])(
    "from two tabs at once gives both a token, and either goes on",
    async (last) => {
      await using server = await AuthServer.start();
      const first = await server.register();
      const both = await Promise.all([
        refresh(server, first.refresh_token),
        refresh(server, first.refresh_token),
      ]);
      // The tabs share what they keep it in: one of the answers comes last and stays.
      const { refresh_token } = both[last] as SignInAnswer;
      const next = await refresh(server, refresh_token);
      await refresh(server, next.refresh_token);
      expect(server.endedSessions).toEqual([]);
    },
  );

  test("of two holders who each go on from the same token ends it for both", async () => {
    await using server = await AuthServer.start();
    const stolen = await server.register();
    const owner = await refresh(server, stolen.refresh_token);
    const thief = await refresh(server, stolen.refresh_token);
    const later = await refresh(server, thief.refresh_token);
    await expectRefused(server, owner.refresh_token);
    expect(server.endedSessions).toEqual([sessionOf(stolen.access_token)]);
    await expectRefused(server, later.refresh_token);
  });

  test("goes on with a token of the time before tokens told their session", async () => {
    await using server = await AuthServer.start();
    const { access_token } = await server.register();
    const session = sessionOf(access_token);
    const old = (token: string) => new Bun.CryptoHasher("sha256").update(token).digest();
    const { writing } = server.store;
    writing.run("UPDATE session SET family_key = NULL");
    writing.run("UPDATE refresh_token SET hash = ?", [old("old-token")]);
    writing.run("INSERT INTO refresh_token VALUES (?, ?, 'retired', 0)", [old("older"), session]);
    const next = await refresh(server, "old-token");
    const again = await refresh(server, "old-token");
    await refresh(server, again.refresh_token);
    expect(server.endedSessions).toEqual([]);
    await expectRefused(server, "old-token");
    expect(server.endedSessions).toEqual([]);
    await expectRefused(server, "older");
    expect(server.endedSessions).toEqual([session]);
    await expectRefused(server, next.refresh_token);
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

  test.each([0, 1, 43, 1000])("refuses a token of %d made-up characters", async (length) => {
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
