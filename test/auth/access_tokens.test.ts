import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { AccessTokens } from "../../src/auth/access_tokens.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const NOW_S = 1_900_000_000;
const LIFE_S = 600;

const good = {
  iss: "hubbub",
  aud: "hubbub",
  sub: "7",
  name: "ada",
  role: "user",
  sid: "session",
  iat: NOW_S,
  exp: NOW_S + LIFE_S,
};

interface Clock {
  seconds: number;
}

function accessTokens(clock: Clock = { seconds: NOW_S }): AccessTokens {
  return new AccessTokens(SECRET, LIFE_S, () => clock.seconds * 1000);
}

/** A token made by hand (RFC 7515), so that it can be wrong in any way. */
function forge(claims: object, header: object = {}, secret = SECRET): string {
  const fullHeader = { alg: "HS256", typ: "JWT", ...header };
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const signed = `${encode(fullHeader)}.${encode(claims)}`;
  if (fullHeader.alg === "none") return `${signed}.`;
  const digest = `sha${fullHeader.alg.slice(2)}`;
  return `${signed}.${createHmac(digest, secret).update(signed).digest("base64url")}`;
}

function without(claim: keyof typeof good): object {
  return Object.fromEntries(Object.entries(good).filter(([name]) => name !== claim));
}

describe("an access token", () => {
  test("tells its account and session until it expires", async () => {
    const clock = { seconds: NOW_S };
    const tokens = accessTokens(clock);
    const token = await tokens.sign({ id: 7, name: "ada", role: "user" }, "session");
    const holder = { accountId: 7, sessionId: "session" };
    clock.seconds += LIFE_S - 1;
    expect(await tokens.verify(token)).toEqual(holder);
    clock.seconds += 1;
    expect(await tokens.verify(token)).toBeUndefined();
  });

  test("made by hand in the same way is taken, so that what follows is refused for its reason", async () => {
    expect(await accessTokens().verify(forge(good))).toEqual({
      accountId: 7,
      sessionId: "session",
    });
  });

  test.each<[string, string]>([
    ["of no algorithm", forge(good, { alg: "none" })],
    ["of HS384", forge(good, { alg: "HS384" })],
    ["of HS512", forge(good, { alg: "HS512" })],
    ["of another secret", forge(good, {}, `${SECRET}!`)],
    ["of another type", forge(good, { typ: "at+jwt" })],
    ["with a critical extension", forge(good, { crit: ["b64"], b64: false })],
    ["with another issuer", forge({ ...good, iss: "other" })],
    ["with another audience", forge({ ...good, aud: "other" })],
    ["that has expired", forge({ ...good, exp: NOW_S })],
    ["that is not valid yet", forge({ ...good, nbf: NOW_S + 1 })],
    ["whose end is no number", forge({ ...good, exp: "never" })],
    ["whose subject is a number", forge({ ...good, sub: 7 })],
    ["whose session is no text", forge({ ...good, sid: {} })],
    ["that is longer than any of ours", forge({ ...good, name: "x".repeat(4096) })],
    ["with a changed signature", `${forge(good).slice(0, -2)}AA`],
    ["that is empty", ""],
    ["that is no JWT", "a.b.c"],
  ])("%s is refused", async (_, token) => {
    expect(await accessTokens().verify(token)).toBeUndefined();
  });

  test.each(Object.keys(good) as (keyof typeof good)[])("without %s is refused", async (claim) => {
    expect(await accessTokens().verify(forge(without(claim)))).toBeUndefined();
  });

  test("that brings a key of its own is still checked with ours", async () => {
    const key = { kty: "oct", k: Buffer.from("the attacker's").toString("base64url") };
    const token = forge(good, { jwk: key, jku: "http://127.0.0.1/", kid: "1" }, "the attacker's");
    expect(await accessTokens().verify(token)).toBeUndefined();
  });
});
