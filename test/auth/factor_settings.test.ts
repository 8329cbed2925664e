import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { TotpEnrolmentAnswer } from "../../src/auth/factor_schemas.ts";
import {
  AuthServer,
  expectStatus,
  PASSWORD,
  SIGN_IN_TIMEOUT_MS,
  sessionOf,
} from "./auth_server.ts";
import {
  addPasskey,
  addTotp,
  appCode,
  codeIn,
  confirm,
  demanded,
  factorsOf,
  finish,
  fromBase32,
  signInWithCode,
  wrongCode,
} from "./factors.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

const MINUTE_MS = 60_000;
const TOTP = "/auth/factors/totp";

function enrol(server: AuthServer, token: string) {
  return server.as<TotpEnrolmentAnswer>(token, "POST", TOTP);
}

describe("enrolling for one-time codes", () => {
  test("gives the secret as text, as a URI and as a picture, and keeps nothing yet", async () => {
    await using server = await AuthServer.start({ origins: ["https://chat.example.org"] });
    const { access_token: ada } = await server.register();
    const enrolment = expectStatus(200, await enrol(server, ada));
    expect(fromBase32(enrolment.secret)).toHaveLength(20);
    expect(enrolment.uri).toContain(`secret=${enrolment.secret}`);
    expect(decodeURIComponent(enrolment.uri)).toContain("ada@chat.example.org");
    expect(enrolment.qr_svg).toStartWith("<svg ");
    expect((await factorsOf(server, ada)).totp).toBeNull();
    await server.signIn();
  });

  test("counts once a first code has come, and a wrong one may be followed by a right one", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { enrolment, secret } = expectStatus(200, await enrol(server, ada));
    const answer = (code: string) => server.as(ada, "POST", `${TOTP}/confirm`, { enrolment, code });
    expect(codeIn(await answer(wrongCode(secret, server.nowMs)))).toBe("INVALID_CODE");
    expect(codeIn(await answer("no code"))).toBe("INVALID_CODE");
    await server.signIn();
    expectStatus(200, await answer(appCode(secret, server.nowMs)));
    expect((await factorsOf(server, ada)).totp).toEqual({
      created_ms: server.nowMs,
      used_ms: null,
    });
    await demanded(server);
  });

  test("is bound to the session, lives for minutes, and is good for one success", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { access_token: other } = await server.signIn();
    const { enrolment, secret } = expectStatus(200, await enrol(server, ada));
    const answer = (token: string) =>
      server.as(token, "POST", `${TOTP}/confirm`, {
        enrolment,
        code: appCode(secret, server.nowMs),
      });
    expect(codeIn(await answer(other))).toBe("INVALID_CHALLENGE");
    expectStatus(200, await answer(ada));
    expect(codeIn(await answer(ada))).toBe("INVALID_CHALLENGE");
    const { access_token: bob } = await server.register("bob");
    const late = expectStatus(200, await enrol(server, bob));
    server.nowMs += 5 * MINUTE_MS;
    const code = appCode(late.secret, server.nowMs);
    const body = { enrolment: late.enrolment, code };
    expect(codeIn(await server.as(bob, "POST", `${TOTP}/confirm`, body))).toBe("INVALID_CHALLENGE");
  });

  test("is refused where there are one-time codes already, though two enrolled at once", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const both = [
      expectStatus(200, await enrol(server, ada)),
      expectStatus(200, await enrol(server, ada)),
    ];
    const answers = await Promise.all(
      both.map(({ enrolment, secret }) =>
        server.as(ada, "POST", `${TOTP}/confirm`, {
          enrolment,
          code: appCode(secret, server.nowMs),
        }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const secret = answers[0]?.status === 200 ? both[0]?.secret : both[1]?.secret;
    server.nowMs += MINUTE_MS;
    const code = appCode(secret ?? "", server.nowMs);
    expectStatus(204, await confirm(server, ada, { password: PASSWORD, code }));
    expect(codeIn(await server.as(ada, "POST", TOTP))).toBe("FACTOR_EXISTS");
  });

  test("keeps the secret encrypted, with a key that is not in the database", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { secret } = await addTotp(server, ada);
    const row = server.store.reading
      .query<{ secret: Uint8Array }, []>("SELECT secret FROM totp_factor")
      .get();
    expect(row?.secret).toHaveLength(1 + 12 + 20 + 16);
    expect(Buffer.from(row?.secret ?? []).includes(fromBase32(secret))).toBe(false);
  });
});

describe("the first factor", () => {
  test("ends the sessions that were begun with the password alone, but the one that adds it", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { access_token: other, refresh_token } = await server.signIn();
    const { secret } = await addTotp(server, ada);
    expect(server.endedSessions).toEqual([sessionOf(other)]);
    expect(codeIn(await server.as(other, "GET", "/auth/me"))).toBe("INVALID_TOKEN");
    expect(codeIn(await server.post("/auth/refresh", { refresh_token }))).toBe("INVALID_TOKEN");
    expectStatus(200, await server.as(ada, "GET", "/auth/me"));

    const grant = expectStatus(200, await signInWithCode(server, appCode(secret, server.nowMs)));
    await addPasskey(server, grant.access_token);
    expectStatus(200, await server.as(ada, "GET", "/auth/me"));
    expect(server.endedSessions).toHaveLength(1);
  });

  test("is not passed by a sign-in that was checked just before it came", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada, user } = await server.register();
    await addTotp(server, ada);
    const { passwordHash } = server.store.reads.credentialsById(user.id) ?? { passwordHash: "" };
    const late = await server.store.run("beginSession", {
      id: "late",
      accountId: user.id,
      passwordHash,
      epoch: 0,
      label: "",
      nowMs: server.nowMs,
      expiresMs: server.nowMs + 1000,
    });
    expect(late).toEqual({ outcome: "factor missing" });
    expect(server.store.reads.isLive(user.id, "late")).toBe(false);
  });
});

describe("changing factors needs a confirmation", () => {
  const changes = [
    ["POST", TOTP],
    ["DELETE", TOTP],
    ["POST", "/auth/factors/recovery-codes"],
    ["POST", "/auth/factors/passkeys/options"],
    ["DELETE", "/auth/factors/passkeys/some"],
  ] as const;

  test.each(changes)("%s %s", async (method, path) => {
    await using server = await AuthServer.start({ accessTokenMinutes: 60 });
    const { access_token: ada } = await server.register();
    const change = async () => {
      const answer = await server.as(ada, method, path);
      return answer.status === 200 ? "done" : codeIn(answer);
    };
    server.nowMs += 5 * MINUTE_MS;
    expect(await change()).toBe("CONFIRMATION_REQUIRED");
    expectStatus(204, await confirm(server, ada, { password: PASSWORD }));
    expect(await change()).toMatch(/^(done|NOT_FOUND)$/);
    server.nowMs += 5 * MINUTE_MS;
    expect(await change()).toBe("CONFIRMATION_REQUIRED");
  });

  test("unless one has just signed in, and each session for itself", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    server.nowMs += 6 * MINUTE_MS;
    const { access_token: other } = await server.signIn();
    expect(codeIn(await server.as(ada, "POST", TOTP))).toBe("CONFIRMATION_REQUIRED");
    expectStatus(200, await server.as(other, "POST", TOTP));
  });

  test("with a factor, where there is one: not with the password alone", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { secret, recoveryCodes } = await addTotp(server, ada);
    const remove = () => server.as(ada, "DELETE", TOTP);
    expect(codeIn(await remove())).toBe("CONFIRMATION_REQUIRED");
    expect(codeIn(await confirm(server, ada, { password: PASSWORD }))).toBe(
      "SECOND_FACTOR_REQUIRED",
    );
    const wrong = { password: PASSWORD, code: wrongCode(secret, server.nowMs) };
    expect(codeIn(await confirm(server, ada, wrong))).toBe("INVALID_CODE");
    const code = appCode(secret, server.nowMs);
    expect(codeIn(await confirm(server, ada, { password: "not that one", code }))).toBe(
      "INVALID_CREDENTIALS",
    );
    expect(codeIn(await confirm(server, ada, { code }))).toBe("INVALID_ARGUMENT");
    expect(codeIn(await confirm(server, ada, {}))).toBe("INVALID_ARGUMENT");
    expect(codeIn(await remove())).toBe("CONFIRMATION_REQUIRED");
    expectStatus(204, await confirm(server, ada, { password: PASSWORD, code }));
    // A code that has confirmed is used up like one that has signed in.
    expect(codeIn(await signInWithCode(server, code))).toBe("INVALID_CODE");
    const recovery = { password: PASSWORD, code: recoveryCodes[0] };
    expectStatus(204, await confirm(server, ada, recovery));
    expect(codeIn(await confirm(server, ada, recovery))).toBe("INVALID_CODE");
    expectStatus(204, await remove());
    expect(codeIn(await remove())).toBe("NOT_FOUND");
  });

  test("and so does changing the password, where there is a factor", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { secret } = await addTotp(server, ada);
    const passwords = { current_password: PASSWORD, new_password: "another good one" };
    const change = () => server.as(ada, "POST", "/auth/password", passwords);
    expect(codeIn(await change())).toBe("CONFIRMATION_REQUIRED");
    const code = appCode(secret, server.nowMs);
    expectStatus(204, await confirm(server, ada, { password: PASSWORD, code }));
    expectStatus(200, await change());
  });

  test("which a sign-in with a factor is", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { secret } = await addTotp(server, ada);
    const grant = expectStatus(200, await signInWithCode(server, appCode(secret, server.nowMs)));
    expectStatus(204, await server.as(grant.access_token, "DELETE", TOTP));
  });

  test("or by a passkey, for the session that asked and for nobody else", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { authenticator } = await addPasskey(server, ada);
    const { access_token: bob } = await server.register("bob");
    const optionsFor = async (token: string) =>
      expectStatus(
        200,
        await server.as<{ challenge: string; rpId: string; allowCredentials: object[] }>(
          token,
          "POST",
          "/auth/confirm/options",
        ),
      );
    const path = "/auth/factors/recovery-codes";
    expect(codeIn(await server.as(ada, "POST", path))).toBe("CONFIRMATION_REQUIRED");
    const options = await optionsFor(ada);
    expect(options.allowCredentials).toEqual([
      { id: authenticator.id, type: "public-key", transports: ["internal", "hybrid"] },
    ]);
    const passkey = authenticator.get(options);
    expect(codeIn(await confirm(server, bob, { passkey }))).toBe("INVALID_CHALLENGE");
    expect(codeIn(await confirm(server, ada, { passkey }))).toBe("INVALID_CHALLENGE");
    const stolen = authenticator.get(await optionsFor(bob));
    expect(codeIn(await confirm(server, bob, { passkey: stolen }))).toBe("PASSKEY_REFUSED");
    const right = authenticator.get(await optionsFor(ada));
    expectStatus(204, await confirm(server, ada, { passkey: right }));
    expectStatus(200, await server.as(ada, "POST", path));
  });

  test("and a token in any case", async () => {
    await using server = await AuthServer.start();
    for (const [method, path] of [...changes, ["GET", "/auth/factors"] as const]) {
      expect(codeIn(await server.call(method, path))).toBe("INVALID_TOKEN");
    }
  });
});

test("adding and removing factors is logged, without anything secret", async () => {
  await using server = await AuthServer.start();
  const { access_token: ada, user } = await server.register();
  const { secret } = await addTotp(server, ada);
  const { challenge } = await demanded(server);
  const grant = expectStatus(
    200,
    await finish(server, challenge, { code: appCode(secret, server.nowMs) }),
  );
  expectStatus(204, await server.as(grant.access_token, "DELETE", TOTP));
  const events = server.logged.map((line) => JSON.parse(line)).filter(({ account }) => account);
  expect(events).toMatchObject([
    { msg: "factor added", account: user.id, kind: "totp", sessionsEnded: 0 },
    { msg: "factor removed", account: user.id, kind: "totp" },
  ]);
});
