import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { SignInAnswer } from "../../src/auth/schemas.ts";
import { PASSKEYS_PER_ACCOUNT } from "../../src/store/factors.ts";
import {
  AuthServer,
  type ErrorBody,
  expectStatus,
  PASSWORD,
  SIGN_IN_TIMEOUT_MS,
} from "./auth_server.ts";
import {
  addPasskey,
  addTotp,
  appCode,
  codeIn,
  creationOptions,
  demanded,
  factorsOf,
  finish,
  ORIGIN,
  requestOptions,
  signInWithCode,
} from "./factors.ts";
import { type Algorithm, Flag, SoftwareAuthenticator } from "./software_authenticator.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

const PASSKEYS = "/auth/factors/passkeys";
const algorithms: Algorithm[] = ["ES256", "EdDSA", "RS256"];

async function signIn(server: AuthServer, authenticator: SoftwareAuthenticator) {
  const passkey = authenticator.get(await requestOptions(server));
  return server.post<ErrorBody & SignInAnswer>("/auth/passkey/token", { passkey });
}

describe("making a passkey", () => {
  test("asks for one that is found without a name, verifies its user, and tells no model", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const options = await creationOptions(server, ada);
    expect(options).toMatchObject({
      rp: { id: "localhost", name: "Hubbub" },
      user: { name: "ada" },
      challenge: expect.stringMatching(/^[\w-]{43}$/),
      attestation: "none",
      timeout: 300_000,
      authenticatorSelection: {
        residentKey: "required",
        requireResidentKey: true,
        userVerification: "required",
      },
      excludeCredentials: [],
    });
    expect(options.pubKeyCredParams.map(({ alg }) => alg)).toEqual([-8, -7, -257]);
    // Random, so that it tells nothing about who it is.
    expect(Buffer.from(options.user.id, "base64url")).toHaveLength(32);
  });

  test("names the passkeys that there are, and keeps one handle for the account", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { authenticator, options } = await addPasskey(server, ada);
    expectStatus(200, await signIn(server, authenticator));
    const grant = expectStatus(200, await signIn(server, authenticator));
    const next = await creationOptions(server, grant.access_token);
    expect(next.user.id).toBe(options.user.id);
    expect(next.excludeCredentials.map(({ id }) => id)).toEqual([authenticator.id]);
  });

  test("is shown in the list, with its name, and whether it is synced", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const authenticator = new SoftwareAuthenticator(ORIGIN);
    authenticator.flags |= Flag.BE | Flag.BS;
    const passkey = authenticator.create(await creationOptions(server, ada));
    expectStatus(201, await server.as(ada, "POST", PASSKEYS, { name: "Ada's phone", passkey }));
    expect((await factorsOf(server, ada)).passkeys).toEqual([
      {
        id: authenticator.id,
        name: "Ada's phone",
        synced: true,
        created_ms: server.nowMs,
        used_ms: null,
      },
    ]);
    expectStatus(200, await signIn(server, authenticator));
    expect((await factorsOf(server, ada)).passkeys[0]?.used_ms).toBe(server.nowMs);
  });

  test("takes the passkey's own signature of its making", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const authenticator = new SoftwareAuthenticator(ORIGIN);
    const passkey = authenticator.selfAttestation(await creationOptions(server, ada));
    expectStatus(201, await server.as(ada, "POST", PASSKEYS, { name: "key", passkey }));
    expectStatus(200, await signIn(server, authenticator));
  });

  test("takes all that browsers send, with ids of the greatest length", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const authenticator = new SoftwareAuthenticator(ORIGIN, "RS256");
    const passkey = authenticator.create(await creationOptions(server, ada));
    const whole = {
      ...passkey,
      authenticatorAttachment: "platform",
      clientExtensionResults: { credProps: { rk: true } },
      response: {
        ...passkey.response,
        publicKey: "A".repeat(400),
        authenticatorData: passkey.response.attestationObject,
        publicKeyAlgorithm: -257,
      },
    };
    expectStatus(201, await server.as(ada, "POST", PASSKEYS, { name: "key", passkey: whole }));
  });

  test("has an end", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { authenticator } = await addPasskey(server, ada);
    const { access_token: token } = expectStatus(200, await signIn(server, authenticator));
    for (let count = 2; count < PASSKEYS_PER_ACCOUNT; count++) await addPasskey(server, token);
    const late = await creationOptions(server, token);
    await addPasskey(server, token);
    const passkey = new SoftwareAuthenticator(ORIGIN).create(late);
    const refused = await server.as(token, "POST", PASSKEYS, { name: "one more", passkey });
    expect(codeIn(refused)).toBe("TOO_MANY_FACTORS");
    expect(codeIn(await server.as(token, "POST", `${PASSKEYS}/options`))).toBe("TOO_MANY_FACTORS");
  });
});

describe("signing in by passkey", () => {
  test.each(algorithms)("needs no name, no password and no hash (%s)", async (algorithm) => {
    await using server = await AuthServer.start();
    const { access_token: ada, user } = await server.register();
    const { authenticator } = await addPasskey(server, ada, algorithm);
    const before = server.counters.hashes;
    const grant = expectStatus(200, await signIn(server, authenticator));
    expect(grant.user).toEqual(user);
    expect(server.counters.hashes).toBe(before);
    expectStatus(200, await server.as(grant.access_token, "GET", "/auth/me"));
    expectStatus(200, await server.post("/auth/refresh", { refresh_token: grant.refresh_token }));
  });

  test("asks for a verified user, and tells nothing about any account", async () => {
    await using server = await AuthServer.start();
    await addPasskey(server, (await server.register()).access_token);
    expect(await requestOptions(server)).toEqual({
      rpId: "localhost",
      challenge: expect.stringMatching(/^[\w-]{43}$/),
      timeout: 300_000,
      userVerification: "required",
    } as never);
  });

  test("is two factors at once: no code is asked for after it", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { authenticator } = await addPasskey(server, ada);
    const { access_token: token } = expectStatus(200, await signIn(server, authenticator));
    await addTotp(server, token);
    expectStatus(200, await signIn(server, authenticator));
  });

  test("with an authenticator that does not count is as good", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { authenticator } = await addPasskey(server, ada);
    authenticator.counts = false;
    for (let times = 0; times < 3; times++) expectStatus(200, await signIn(server, authenticator));
  });

  test("has an allowance for each network, like passwords", async () => {
    await using server = await AuthServer.start({ triesPerMinute: 3 });
    for (let times = 0; times < 3; times++) await requestOptions(server);
    const refused = await server.call<ErrorBody>("POST", "/auth/passkey/options");
    expect(codeIn(refused)).toBe("RATE_LIMITED");
    expect(refused.body.error.retry_after_ms).toBe(20_000);
    server.clockMs += 20_000;
    await requestOptions(server);
  });

  test("has a rate for the whole server, told before anything is checked", async () => {
    await using server = await AuthServer.start();
    server.passkeyWaitMs = 1500;
    const answer = await server.call<ErrorBody>("POST", "/auth/passkey/options");
    expect(codeIn(answer)).toBe("RATE_LIMITED");
    expect(answer.headers.get("retry-after")).toBe("2");
  });

  test("from a listed page beneath the domain works, with the domain of the settings", async () => {
    const origins = ["https://chat.example.org", "https://other.example"];
    await using server = await AuthServer.start({ origins, rpId: "example.org" });
    const { access_token: ada } = await server.register();
    const authenticator = new SoftwareAuthenticator("https://chat.example.org");
    const options = await creationOptions(server, ada);
    expect(options.rp.id).toBe("example.org");
    const passkey = authenticator.create(options);
    expectStatus(201, await server.as(ada, "POST", PASSKEYS, { name: "key", passkey }));
    expectStatus(200, await signIn(server, authenticator));
  });
});

describe("a passkey after the password", () => {
  test("is asked for, for the password alone is not enough any more", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { authenticator } = await addPasskey(server, ada);
    const { challenge, methods, passkey_options: options } = await demanded(server);
    expect(methods).toEqual(["passkey", "recovery_code"]);
    expect(options).toMatchObject({
      challenge,
      rpId: "localhost",
      userVerification: "required",
      allowCredentials: [{ id: authenticator.id }],
    });
    const passkey = authenticator.get(options ?? { challenge: "", rpId: "" });
    expectStatus(200, await finish(server, challenge, { passkey }));
  });

  test("may be any of several factors", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { authenticator } = await addPasskey(server, ada);
    const { access_token: token } = expectStatus(200, await signIn(server, authenticator));
    const { secret } = await addTotp(server, token);
    expect((await demanded(server)).methods).toEqual(["totp", "passkey", "recovery_code"]);
    expectStatus(200, await signInWithCode(server, appCode(secret, server.nowMs)));
    const { challenge, passkey_options: options } = await demanded(server);
    const passkey = authenticator.get(options ?? { challenge: "", rpId: "" });
    expectStatus(200, await finish(server, challenge, { passkey }));
  });
});

describe("a passkey of the list", () => {
  test("is renamed and removed by its owner alone", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { authenticator } = await addPasskey(server, ada);
    const { access_token: bob } = await server.register("bob");
    const path = `${PASSKEYS}/${authenticator.id}`;
    const name = { name: "the blue one" };
    expect(codeIn(await server.as(bob, "PATCH", path, name))).toBe("NOT_FOUND");
    expect(codeIn(await server.as(bob, "DELETE", path))).toBe("NOT_FOUND");
    expectStatus(204, await server.as(ada, "PATCH", path, name));
    expect((await factorsOf(server, ada)).passkeys).toMatchObject([name]);
    expect(codeIn(await server.as(ada, "PATCH", path, { name: "" }))).toBe("INVALID_ARGUMENT");
    expect(codeIn(await server.as(ada, "PATCH", path, { name: "x".repeat(65) }))).toBe(
      "INVALID_ARGUMENT",
    );
    expect(codeIn(await server.as(ada, "DELETE", path))).toBe("CONFIRMATION_REQUIRED");
    const { challenge, passkey_options: options } = await demanded(server);
    const passkey = authenticator.get(options ?? { challenge: "", rpId: "" });
    const grant = expectStatus(200, await finish(server, challenge, { passkey }));
    expectStatus(204, await server.as(grant.access_token, "DELETE", path));
    expect(codeIn(await signIn(server, authenticator))).toBe("PASSKEY_REFUSED");
    await server.signIn();
  });

  test("does not sign in after a removal that came in between", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada, user } = await server.register();
    const { authenticator } = await addPasskey(server, ada);
    const passkey = authenticator.get(await requestOptions(server));
    await server.store.run("removePasskey", authenticator.id, user.id);
    const refused = await server.post("/auth/passkey/token", { passkey });
    expect(codeIn(refused)).toBe("PASSKEY_REFUSED");
  });

  test("survives a change of the password", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { authenticator } = await addPasskey(server, ada);
    const { access_token: token } = expectStatus(200, await signIn(server, authenticator));
    const passwords = { current_password: PASSWORD, new_password: "another good one" };
    expectStatus(200, await server.as(token, "POST", "/auth/password", passwords));
    expectStatus(200, await signIn(server, authenticator));
  });
});
