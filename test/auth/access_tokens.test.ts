import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { jwt } from "@elysiajs/jwt";
import { jwtVerify, SignJWT } from "jose";
import { AccessTokens } from "../../src/auth/access_tokens.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const NOW_S = 1_900_000_000;
const LIFE_S = 600;

const good = {
  iss: "hubbub",
  aud: "hubbub",
  sub: "7",
  sid: "session",
  epoch: 3,
  iat: NOW_S,
  exp: NOW_S + LIFE_S,
};
const holder = { accountId: 7, sessionId: "session", epoch: 3 };

interface Clock {
  seconds: number;
}

function accessTokens(clock: Clock = { seconds: NOW_S }): AccessTokens {
  return new AccessTokens(SECRET, LIFE_S, () => clock.seconds * 1000);
}

const encode = (part: object | string) =>
  Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");

/** Signs a header and claims by hand (RFC 7515), whatever they are. */
function signed(header: string, claims: string, digest = "sha256", secret = SECRET): string {
  const text = `${header}.${claims}`;
  return `${text}.${createHmac(digest, secret).update(text).digest("base64url")}`;
}

/** A token made by hand, so that it can be wrong in any way. */
function forge(claims: object, header: object = {}, secret = SECRET): string {
  const fullHeader = { alg: "HS256", typ: "JWT", ...header };
  if (fullHeader.alg === "none") return `${encode(fullHeader)}.${encode(claims)}.`;
  const digest = /^HS\d+$/.test(fullHeader.alg) ? `sha${fullHeader.alg.slice(2)}` : "sha256";
  return signed(encode(fullHeader), encode(claims), digest, secret);
}

function without(claim: keyof typeof good): object {
  return Object.fromEntries(Object.entries(good).filter(([name]) => name !== claim));
}

/** The last of 43 characters stands for four bits and two that no byte has. */
function withSpareBits(token: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(token.at(-1) as string);
  return `${token.slice(0, -1)}${alphabet[last ^ 1]}`;
}

describe("an access token", () => {
  test("tells its account, session and epoch until it expires", async () => {
    const clock = { seconds: NOW_S };
    const tokens = accessTokens(clock);
    const token = await tokens.sign(holder);
    clock.seconds += LIFE_S - 1;
    expect(tokens.verify(token)).toEqual(holder);
    clock.seconds += 1;
    expect(tokens.verify(token)).toBeUndefined();
  });

  test("made by hand in the same way is taken, so that what follows is refused for its reason", () => {
    expect(accessTokens().verify(forge(good))).toEqual(holder);
    expect(accessTokens().verify(forge({ ...good, nbf: NOW_S }))).toEqual(holder);
    expect(accessTokens().verify(forge({ ...good, iat: NOW_S + 200 }))).toEqual(holder);
    expect(
      accessTokens().verify(signed(encode({ alg: "HS256", typ: "JWT" }), encode(good))),
    ).toEqual(holder);
  });

  const key = { kty: "oct", k: Buffer.from(SECRET).toString("base64url") };

  test.each<[string, string]>([
    ["of no algorithm", forge(good, { alg: "none" })],
    [
      "of no algorithm, with a signature",
      signed(encode({ alg: "none", typ: "JWT" }), encode(good)),
    ],
    ["of no algorithm in capitals", forge(good, { alg: "NONE" })],
    ["of HS384", forge(good, { alg: "HS384" })],
    ["of HS512", forge(good, { alg: "HS512" })],
    ["that says HS512 and is signed with HS256", signed(encode({ alg: "HS512" }), encode(good))],
    ["of RS256, signed with our secret as its key", forge(good, { alg: "RS256" })],
    ["of another secret", forge(good, {}, `${SECRET}!`)],
    ["of an empty secret", forge(good, {}, "")],
    ["of another type", forge(good, { typ: "at+jwt" })],
    ["of no type", signed(encode({ alg: "HS256" }), encode(good))],
    ["with a critical extension", forge(good, { crit: ["b64"], b64: false })],
    ["that brings a key of its own", forge(good, { jwk: key })],
    ["that says where its key is", forge(good, { jku: "http://127.0.0.1/keys" })],
    ["that says where its certificate is", forge(good, { x5u: "http://127.0.0.1/" })],
    ["that names its key", forge(good, { kid: "../../../dev/null" })],
    ["with another issuer", forge({ ...good, iss: "other" })],
    ["with another audience", forge({ ...good, aud: "other" })],
    ["with ours among the audiences", forge({ ...good, aud: ["other", "hubbub"] })],
    ["that has expired", forge({ ...good, exp: NOW_S })],
    ["that is not valid yet", forge({ ...good, nbf: NOW_S + 1 })],
    ["whose beginning is no number", forge({ ...good, nbf: "now" })],
    ["that was issued in the future", forge({ ...good, iat: NOW_S + 301 })],
    ["whose end is no number", forge({ ...good, exp: "never" })],
    ["whose end is a number as text", forge({ ...good, exp: String(NOW_S + 60) })],
    [
      "whose end is beyond all numbers",
      signed(
        encode({ alg: "HS256", typ: "JWT" }),
        encode(JSON.stringify(good).replace(String(NOW_S + LIFE_S), "1e999")),
      ),
    ],
    ["whose subject is a number", forge({ ...good, sub: 7 })],
    ["whose subject is 0", forge({ ...good, sub: "0" })],
    ["whose subject is a number and more", forge({ ...good, sub: "7 " })],
    ["whose subject is beyond exact numbers", forge({ ...good, sub: "9".repeat(17) })],
    ["whose session is no text", forge({ ...good, sid: {} })],
    ["whose epoch is no whole number", forge({ ...good, epoch: 0.5 })],
    ["whose epoch is text", forge({ ...good, epoch: "3" })],
    ["whose claims are a list", signed(encode({ alg: "HS256", typ: "JWT" }), encode([good]))],
    ["whose claims are null", signed(encode({ alg: "HS256", typ: "JWT" }), encode("null"))],
    ["whose claims are no JSON", signed(encode({ alg: "HS256", typ: "JWT" }), encode("{"))],
    ["that is longer than any of ours", forge({ ...good, name: "x".repeat(1024) })],
    ["with a changed signature", `${forge(good).slice(0, -2)}AA`],
    ["with its signature written another way", withSpareBits(forge(good))],
    ["with a padded signature", `${forge(good)}=`],
    ["without its signature", forge(good).slice(0, -43)],
    ["with a part more", `${forge(good)}.${forge(good).split(".")[2]}`],
    ["with changed claims", forge(good).replace(encode(good), encode({ ...good, sub: "8" }))],
    ["whose signature is not of ASCII", `${forge(good).slice(0, -43)}${"é".repeat(43)}`],
    ["that is empty", ""],
    ["that is no JWT", "a.b.c"],
    ["that is dots", ".".repeat(100)],
    ["of the header alone", `${encode({ alg: "HS256", typ: "JWT" })}..`],
  ])("%s is refused", (_, token) => {
    expect(accessTokens().verify(token)).toBeUndefined();
  });

  test.each(Object.keys(good) as (keyof typeof good)[])("without %s is refused", (claim) => {
    expect(accessTokens().verify(forge(without(claim)))).toBeUndefined();
  });

  test("of a megabyte is refused before anything is made of it", () => {
    // Every character of it is looked at only if somebody reads it.
    let looks = 0;
    const token = new Proxy(new String(forge({ ...good, name: "x".repeat(1024 * 1024) })), {
      get(target, name) {
        if (name === "length") return target.length;
        looks += 1;
        throw new Error(`looked at ${String(name)}`);
      },
    });
    expect(accessTokens().verify(token as unknown as string)).toBeUndefined();
    expect(looks).toBe(0);
  });
});

describe("access tokens and other libraries", () => {
  const now = () => Date.now();
  const claims = { sub: "7", sid: "session", epoch: 3 };

  test("what @elysiajs/jwt signs is taken", async () => {
    const plugin = jwt({ name: "jwt", secret: SECRET, iss: "hubbub", aud: "hubbub", exp: "5m" });
    const token = await plugin.decorator.jwt.sign(claims);
    expect(new AccessTokens(SECRET, LIFE_S, now).verify(token)).toEqual(holder);
  });

  test("what jose signs is taken", async () => {
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuer("hubbub")
      .setAudience("hubbub")
      .setIssuedAt()
      .setExpirationTime("5m")
      .sign(Buffer.from(SECRET));
    expect(new AccessTokens(SECRET, LIFE_S, now).verify(token)).toEqual(holder);
  });

  test("what is signed here, @elysiajs/jwt and jose take", async () => {
    const token = await new AccessTokens(SECRET, LIFE_S, now).sign(holder);
    const plugin = jwt({ name: "jwt", secret: SECRET });
    expect(await plugin.decorator.jwt.verify(token)).toMatchObject(claims);
    const options = { issuer: "hubbub", audience: "hubbub", algorithms: ["HS256"], typ: "JWT" };
    const { payload } = await jwtVerify(token, Buffer.from(SECRET), options);
    expect(payload).toMatchObject(claims);
  });
});
