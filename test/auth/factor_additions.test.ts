import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { TotpEnrolmentAnswer } from "../../src/auth/factor_schemas.ts";
import { InProcessStore } from "../support/in_process_store.ts";
import { AuthServer, expectStatus, SIGN_IN_TIMEOUT_MS, sessionOf } from "./auth_server.ts";
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
} from "./factors.ts";
import { SoftwareAuthenticator } from "./software_authenticator.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

/** Begins to add a factor of either kind; what it gives finishes that. */
const ways = [
  [
    "passkey",
    async (server: AuthServer, token: string) => {
      const passkey = new SoftwareAuthenticator(ORIGIN).create(
        await creationOptions(server, token),
      );
      return () => server.as(token, "POST", "/auth/factors/passkeys", { name: "key", passkey });
    },
  ],
  [
    "secret for one-time codes",
    async (server: AuthServer, token: string) => {
      const answer = await server.as<TotpEnrolmentAnswer>(token, "POST", "/auth/factors/totp");
      const { enrolment, secret } = expectStatus(200, answer);
      return () => {
        const code = appCode(secret, server.nowMs);
        return server.as(token, "POST", "/auth/factors/totp/confirm", { enrolment, code });
      };
    },
  ],
] as const;

describe.each(ways)("a %s that somebody has begun to add", (kind, begin) => {
  const addOther = kind === "passkey" ? addTotp : addPasskey;

  test("before the first factor came is not added by the password alone", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    // With a copy of the owner's access token, say.
    const finishAdding = await begin(server, ada);
    await addOther(server, ada);
    const before = await factorsOf(server, ada);
    expect(codeIn(await finishAdding())).toBe("CONFIRMATION_REQUIRED");
    expect(await factorsOf(server, ada)).toEqual(before);
  });

  test.each([
    ["has ended", "DELETE FROM session WHERE id = ?"],
    ["is of a disabled account", "UPDATE account SET disabled_ms = 1 WHERE ? <> ''"],
  ])("is not added once the session %s, however late that happens", async (_, statement) => {
    let session = "";
    const store = new InProcessStore();
    await using server = await AuthServer.start({
      store,
      run: (name, ...args) => {
        // Between the look at the token and the write.
        if (/^add(Totp|Passkey)$/.test(name)) store.writing.run(statement, [session]);
        return store.run(name, ...args);
      },
    });
    const { access_token: ada, user } = await server.register();
    session = sessionOf(ada);
    expect(codeIn(await (await begin(server, ada))())).toBe("INVALID_TOKEN");
    expect(server.store.factorReads.hasFactor(user.id)).toBe(false);
  });
});

test("enrolments have an allowance for each account, since their pictures take time", async () => {
  await using server = await AuthServer.start();
  const { access_token: ada } = await server.register();
  const { access_token: bob } = await server.register("bob");
  const enrol = (token: string) => server.as(token, "POST", "/auth/factors/totp");
  for (let index = 0; index < 10; index += 1) expectStatus(200, await enrol(ada));
  const refused = await enrol(ada);
  expect(codeIn(refused)).toBe("RATE_LIMITED");
  expectStatus(200, await enrol(bob));
  server.clockMs += refused.body.error.retry_after_ms ?? 0;
  expectStatus(200, await enrol(ada));
});

test("a sign-in that cannot be costs no recovery code", async () => {
  await using server = await AuthServer.start();
  const { access_token: ada, user } = await server.register();
  const { recoveryCodes } = await addTotp(server, ada);
  const { challenge } = await demanded(server);
  await server.store.run("setPassword", user.id, "$argon2id$another");
  const answer = await finish(server, challenge, { code: recoveryCodes[0] });
  expect(codeIn(answer)).toBe("INVALID_CREDENTIALS");
  expect(server.store.factorReads.recoveryCodesLeft(user.id)).toBe(10);
  const again = await finish(server, challenge, { code: recoveryCodes[0] });
  expect(codeIn(again)).toBe("INVALID_CREDENTIALS");
});
