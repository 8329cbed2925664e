import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { SignInAnswer } from "../../src/auth/schemas.ts";
import { AuthServer, type ErrorBody, PASSWORD, SIGN_IN_TIMEOUT_MS } from "./auth_server.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

function form(fields: Record<string, string>): RequestInit {
  return { body: new URLSearchParams(fields) };
}

describe("signing in", () => {
  test("takes name and password as JSON, the name in any case", async () => {
    await using server = await AuthServer.start();
    const { user } = await server.register("Ada");
    const answer = await server.signIn("ADA");
    expect(answer.user).toEqual(user);
    expect(Object.keys(answer).sort()).toEqual([
      "access_token",
      "device",
      "expires_in",
      "refresh_token",
      "token_type",
      "user",
    ]);
  });

  test("takes OAuth2's password form, and ignores the parameters it does not know", async () => {
    await using server = await AuthServer.start();
    await server.register();
    const fields = { grant_type: "password", username: "ada", password: PASSWORD, scope: "chat" };
    const answer = await server.call<SignInAnswer>("POST", "/auth/token", form(fields));
    expect(answer.status).toBe(200);
    expect(answer.body.user.name).toBe("ada");
  });

  test("refuses another grant than OAuth2's password grant", async () => {
    await using server = await AuthServer.start();
    const fields = { grant_type: "client_credentials", username: "ada", password: PASSWORD };
    const answer = await server.call<ErrorBody>("POST", "/auth/token", form(fields));
    expect(answer.status).toBe(422);
    expect(answer.body.error.text).toContain('"grant_type"');
  });

  test("says the same of an unknown name and a wrong password, after the same work", async () => {
    await using server = await AuthServer.start();
    await server.register();
    const before = server.counters.hashes;
    const wrong = await server.post("/auth/token", { name: "ada", password: "wrong password" });
    const unknown = await server.post("/auth/token", { name: "bob", password: "wrong password" });
    expect(wrong.status).toBe(401);
    expect(wrong.body.error.code).toBe("INVALID_CREDENTIALS");
    expect([unknown.status, unknown.text]).toEqual([wrong.status, wrong.text]);
    expect(server.counters.hashes).toBe(before + 2);
  });

  test("says so too of a password that no account can have", async () => {
    await using server = await AuthServer.start();
    const answer = await server.post("/auth/token", { name: "ada", password: "short" });
    expect(answer.body.error.code).toBe("INVALID_CREDENTIALS");
  });

  test("takes a password in either of Unicode's forms", async () => {
    await using server = await AuthServer.start();
    const password = "Motörhead1";
    await server.register("ada", password.normalize("NFC"));
    await server.signIn("ada", password.normalize("NFD"));
  });

  test.each([72, 255])("tells passwords apart that differ after %d characters", async (same) => {
    await using server = await AuthServer.start();
    await server.register("ada", `${"x".repeat(same)}a`);
    const other = `${"x".repeat(same)}b`;
    const answer = await server.post("/auth/token", { name: "ada", password: other });
    expect(answer.body.error.code).toBe("INVALID_CREDENTIALS");
  });

  test("of many at once lets those in whose password is right", async () => {
    await using server = await AuthServer.start();
    const names = ["ada", "bob", "cyd", "dan"];
    for (const name of names) await server.register(name);
    const tries = names.map((name, index) =>
      server.post("/auth/token", { name, password: index % 2 ? PASSWORD : "not the one" }),
    );
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    expect(statuses).toEqual([401, 200, 401, 200]);
  });

  test("beyond the queue is refused with a time to come back", async () => {
    await using server = await AuthServer.start({ hashQueue: 0 });
    const tries = Array.from({ length: 8 }, () =>
      server.post("/auth/token", { name: "ada", password: PASSWORD }),
    );
    const busy = (await Promise.all(tries)).filter(({ status }) => status === 503);
    expect(busy.length).toBeGreaterThan(0);
    for (const { body, headers } of busy) {
      expect(body.error.code).toBe("SIGN_IN_BUSY");
      const retryAfterMs = body.error.retry_after_ms ?? 0;
      expect(retryAfterMs).toBeGreaterThan(0);
      expect(headers.get("retry-after")).toBe(String(Math.ceil(retryAfterMs / 1000)));
    }
    expect(server.counters.refusals.get("SIGN_IN_BUSY")).toBe(busy.length);
  });

  test("does not begin a session with a password that was changed in the meantime", async () => {
    await using server = await AuthServer.start();
    const { user } = await server.register();
    const stale = await server.store.run("beginSession", {
      id: "late",
      accountId: user.id,
      passwordHash: "$argon2id$the-one-before",
      epoch: 0,
      label: "",
      nowMs: server.nowMs,
      expiresMs: server.nowMs + 1000,
    });
    expect(stale).toEqual({ outcome: "account changed" });
    expect(server.store.reads.isLive(user.id, "late")).toBe(false);
  });
});
