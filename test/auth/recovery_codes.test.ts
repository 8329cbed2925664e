import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { RecoveryCodesAnswer } from "../../src/auth/factor_schemas.ts";
import { makeRecoveryCodes, recoveryHash } from "../../src/auth/recovery_codes.ts";
import { AuthServer, expectStatus, PASSWORD, SIGN_IN_TIMEOUT_MS } from "./auth_server.ts";
import {
  addPasskey,
  addTotp,
  appCode,
  codeIn,
  confirm,
  demanded,
  factorsOf,
  finish,
  signInWithCode,
} from "./factors.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

describe("recovery codes", () => {
  test("are ten, each of 120 random bits in base32", () => {
    const codes = makeRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) expect(code).toMatch(/^([A-Z2-7]{4}-){5}[A-Z2-7]{4}$/);
  });

  test("hash alike in any case and grouping, and differently for each account", () => {
    const [code = ""] = makeRecoveryCodes();
    const hash = recoveryHash(1, code);
    expect(hash).toHaveLength(32);
    const typed = [code.toLowerCase(), code.replaceAll("-", ""), code.replaceAll("-", " ")];
    for (const text of typed)
      expect(recoveryHash(1, text)).toEqual(hash as Uint8Array<ArrayBuffer>);
    expect(recoveryHash(2, code)).not.toEqual(hash as Uint8Array<ArrayBuffer>);
  });

  test.each(["", "AAAA", "AAAA-AAAA-AAAA-AAAA-AAAA-AAA1", "A".repeat(25)])("are not %j", (text) => {
    expect(recoveryHash(1, text)).toBeUndefined();
  });

  test("come with the first factor, of either kind, and not with the second", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const totp = await addTotp(server, ada);
    expect(totp.recoveryCodes).toHaveLength(10);
    expectStatus(
      204,
      await confirm(server, ada, { password: PASSWORD, code: appCode(totp.secret, server.nowMs) }),
    );
    expect((await addPasskey(server, ada)).recoveryCodes).toEqual([]);
    const { access_token: bob } = await server.register("bob");
    expect((await addPasskey(server, bob)).recoveryCodes).toHaveLength(10);
  });

  test("are stored as hashes alone", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada, user } = await server.register();
    const { recoveryCodes } = await addTotp(server, ada);
    const rows = server.store.reading
      .query<{ hash: Uint8Array }, []>("SELECT hash FROM recovery_code ORDER BY hash")
      .all()
      .map(({ hash }) => Buffer.from(hash).toString("hex"));
    const hashes = recoveryCodes.map((code) =>
      Buffer.from(recoveryHash(user.id, code) ?? []).toString("hex"),
    );
    expect(rows).toEqual(hashes.sort());
  });

  test("sign in once each; what is left is shown, and the use is logged", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { recoveryCodes } = await addTotp(server, ada);
    const [first = "", second = ""] = recoveryCodes;
    const { access_token: token } = expectStatus(200, await signInWithCode(server, first));
    expect(codeIn(await signInWithCode(server, first))).toBe("INVALID_CODE");
    expect((await factorsOf(server, token)).recovery_codes_left).toBe(9);
    const used = server.logged.map((line) => JSON.parse(line));
    expect(used.find(({ msg }) => msg === "recovery code used")).toMatchObject({ left: 9 });
    expectStatus(200, await signInWithCode(server, second.toLowerCase().replaceAll("-", " ")));
    expect((await factorsOf(server, token)).recovery_codes_left).toBe(8);
  });

  test("raced by two at once let one of them in", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { recoveryCodes } = await addTotp(server, ada);
    const challenges = [await demanded(server), await demanded(server)];
    const answers = await Promise.all(
      challenges.map(({ challenge }) => finish(server, challenge, { code: recoveryCodes[0] })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
  });

  test("of another account do not fit", async () => {
    await using server = await AuthServer.start();
    await addTotp(server, (await server.register()).access_token);
    const bob = await addTotp(server, (await server.register("bob")).access_token);
    const answer = await signInWithCode(server, bob.recoveryCodes[0] as string);
    expect(codeIn(answer)).toBe("INVALID_CODE");
  });

  test("are replaced all at once, by who has confirmed", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const path = "/auth/factors/recovery-codes";
    expect(codeIn(await server.as(ada, "POST", path))).toBe("NOT_FOUND");
    const { recoveryCodes, secret } = await addTotp(server, ada);
    expect(codeIn(await server.as(ada, "POST", path))).toBe("CONFIRMATION_REQUIRED");
    const code = appCode(secret, server.nowMs);
    expectStatus(204, await confirm(server, ada, { password: PASSWORD, code }));
    const { recovery_codes: fresh } = expectStatus(
      200,
      await server.as<RecoveryCodesAnswer>(ada, "POST", path),
    );
    expect(fresh).toHaveLength(10);
    expect((await factorsOf(server, ada)).recovery_codes_left).toBe(10);
    const old = await signInWithCode(server, recoveryCodes[0] as string);
    expect(codeIn(old)).toBe("INVALID_CODE");
    expectStatus(200, await signInWithCode(server, fresh[0] as string));
  });

  test("go with the last factor", async () => {
    await using server = await AuthServer.start();
    const { access_token: ada } = await server.register();
    const { secret } = await addTotp(server, ada);
    const code = appCode(secret, server.nowMs);
    expectStatus(204, await confirm(server, ada, { password: PASSWORD, code }));
    expectStatus(204, await server.as(ada, "DELETE", "/auth/factors/totp"));
    expect(await factorsOf(server, ada)).toEqual({
      totp: null,
      passkeys: [],
      recovery_codes_left: 0,
    });
    await server.signIn();
  });
});
