import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { SignInAnswer } from "../../src/auth/schemas.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { AuthServer, PASSWORD, SIGN_IN_TIMEOUT_MS, sessionOf } from "./auth_server.ts";
import {
  addPasskey,
  addTotp,
  appCode,
  codeIn,
  demanded,
  finish,
  requestOptions,
} from "./factors.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

const DISABLED = { error: { code: "ACCOUNT_DISABLED", text: "This account has been disabled." } };

function knock(server: AuthServer, headers: Record<string, string>) {
  return server.call<object>("GET", "/ws", { headers });
}

describe("an account that is disabled", () => {
  test("ends all its sessions at once, and no other's", async () => {
    await using server = await AuthServer.start();
    const here = await server.register();
    const there = await server.signIn();
    const bob = await server.register("bob");
    expect(await server.auth.disableAccount(here.user.id)).toBe(true);
    expect(server.endedSessions.sort()).toEqual(
      [here, there].map(({ access_token }) => sessionOf(access_token)).sort(),
    );
    expect((await server.as(bob.access_token, "GET", "/auth/me")).status).toBe(200);
  });

  test("is refused by its code: access token, refresh token, ticket, password", async () => {
    await using server = await AuthServer.start();
    const { access_token, refresh_token, user } = await server.register();
    const asked = await server.as<{ ticket: string }>(access_token, "POST", "/auth/ticket");
    await server.auth.disableAccount(user.id);

    for (const [method, path] of [
      ["GET", "/auth/me"],
      ["POST", "/auth/ticket"],
      ["GET", "/auth/sessions"],
      ["POST", "/auth/logout"],
    ] as const) {
      const answer = await server.as(access_token, method, path);
      expect([answer.status, answer.body]).toEqual([403, DISABLED]);
    }
    const refreshed = await server.post("/auth/refresh", { refresh_token });
    expect([refreshed.status, refreshed.body]).toEqual([403, DISABLED]);
    const signedIn = await server.post("/auth/token", { name: "ada", password: PASSWORD });
    expect([signedIn.status, signedIn.body]).toEqual([403, DISABLED]);

    const refused = { refused: ErrorCode.ACCOUNT_DISABLED };
    const bearer = await knock(server, { authorization: `Bearer ${access_token}` });
    expect(bearer.body).toEqual(refused);
    const protocols = { "sec-websocket-protocol": `hubbub.v1, ticket.${asked.body.ticket}` };
    // Tickets ended with the sessions, so nothing is known of this one any more.
    expect((await knock(server, protocols)).body).toEqual({ refused: ErrorCode.INVALID_TOKEN });
  });

  test("is told so only to who knows the password", async () => {
    await using server = await AuthServer.start();
    const { user } = await server.register();
    await server.auth.disableAccount(user.id);
    const wrong = await server.post("/auth/token", { name: "ada", password: "not the one" });
    const unknown = await server.post("/auth/token", { name: "eve", password: "not the one" });
    expect([wrong.status, wrong.text]).toEqual([unknown.status, unknown.text]);
  });

  test("begins no session by a sign-in that was under way", async () => {
    await using server = await AuthServer.start();
    const { user } = await server.register();
    const signingIn = server.post("/auth/token", { name: "ada", password: PASSWORD });
    await server.auth.disableAccount(user.id);
    expect((await signingIn).status).toBe(403);
  });

  test("begins no session by a second factor that it was asked for before", async () => {
    await using server = await AuthServer.start();
    const { access_token, user } = await server.register();
    const { secret, recoveryCodes } = await addTotp(server, access_token);
    const { challenge } = await demanded(server);
    await server.auth.disableAccount(user.id);
    const codes = [appCode(secret, server.nowMs), recoveryCodes[0] as string];
    for (const code of codes) {
      expect(codeIn(await finish(server, challenge, { code }))).toBe("ACCOUNT_DISABLED");
    }
  });

  test("goes on with none of before that was asked for a second factor when it is enabled", async () => {
    await using server = await AuthServer.start();
    const { access_token, user } = await server.register();
    const { secret, recoveryCodes } = await addTotp(server, access_token);
    const { challenge } = await demanded(server);
    await server.auth.disableAccount(user.id);
    await server.auth.enableAccount(user.id);
    const code = appCode(secret, server.nowMs);
    expect(codeIn(await finish(server, challenge, { code }))).toBe("INVALID_CREDENTIALS");
    const again = await demanded(server);
    const grant = await finish(server, again.challenge, { code: recoveryCodes[0] });
    expect(grant.status).toBe(200);
  });

  test("does not sign in by passkey either", async () => {
    await using server = await AuthServer.start();
    const { access_token, user } = await server.register();
    const { authenticator } = await addPasskey(server, access_token);
    await server.auth.disableAccount(user.id);
    const passkey = authenticator.get(await requestOptions(server));
    const answer = await server.post("/auth/passkey/token", { passkey });
    expect([answer.status, answer.body]).toEqual([403, DISABLED]);
  });

  test("cannot change its password by a change that was under way", async () => {
    await using server = await AuthServer.start();
    const { access_token, user } = await server.register();
    const changing = server.as(access_token, "POST", "/auth/password", {
      current_password: PASSWORD,
      new_password: "battery staple",
    });
    await server.auth.disableAccount(user.id);
    expect((await changing).status).not.toBe(200);
  });

  test("lets nothing of before in again when it is enabled, only a new sign-in", async () => {
    await using server = await AuthServer.start();
    const { access_token, refresh_token, user } = await server.register();
    const asked = await server.as<{ ticket: string }>(access_token, "POST", "/auth/ticket");
    await server.auth.disableAccount(user.id);
    expect(await server.auth.enableAccount(user.id)).toBe(true);

    expect((await server.as(access_token, "GET", "/auth/me")).status).toBe(401);
    expect((await server.post("/auth/refresh", { refresh_token })).status).toBe(401);
    const protocols = { "sec-websocket-protocol": `hubbub.v1, ticket.${asked.body.ticket}` };
    expect((await knock(server, protocols)).body).toEqual({ refused: ErrorCode.INVALID_TOKEN });
    const again: SignInAnswer = await server.signIn();
    expect((await server.as(again.access_token, "GET", "/auth/me")).status).toBe(200);
  });

  test("is disabled and enabled once", async () => {
    await using server = await AuthServer.start();
    const { user } = await server.register();
    expect(await server.auth.enableAccount(user.id)).toBe(false);
    expect(await server.auth.disableAccount(user.id)).toBe(true);
    expect(await server.auth.disableAccount(user.id)).toBe(false);
    expect(await server.auth.enableAccount(user.id)).toBe(true);
    expect(await server.auth.disableAccount(999)).toBe(false);
    expect(await server.auth.enableAccount(999)).toBe(false);
  });
});

test("a token of another epoch is refused even where its session lives", async () => {
  await using server = await AuthServer.start();
  const { access_token } = await server.register();
  server.store.writing.run("UPDATE account SET epoch = epoch + 1");
  expect((await server.as(access_token, "GET", "/auth/me")).status).toBe(401);
  expect((await knock(server, { authorization: `Bearer ${access_token}` })).body).toEqual({
    refused: ErrorCode.INVALID_TOKEN,
  });
});
