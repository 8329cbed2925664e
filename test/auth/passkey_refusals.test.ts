import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Assertion, Attestation } from "../../src/auth/factor_schemas.ts";
import { AuthServer, type ErrorBody, expectStatus, SIGN_IN_TIMEOUT_MS } from "./auth_server.ts";
import {
  addPasskey,
  addTotp,
  codeIn,
  creationOptions,
  demanded,
  factorsOf,
  finish,
  ORIGIN,
  requestOptions,
} from "./factors.ts";
import { type Faults, Flag, SoftwareAuthenticator } from "./software_authenticator.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

const PASSKEYS = "/auth/factors/passkeys";

let server: AuthServer;
let ada: { authenticator: SoftwareAuthenticator; token: string };
let bob: { authenticator: SoftwareAuthenticator; token: string };

beforeAll(async () => {
  server = await AuthServer.start({ accessTokenMinutes: 60, triesPerMinute: 10_000 });
  const accounts = ["ada", "bob"].map(async (name) => {
    const { access_token: token } = await server.register(name);
    return { authenticator: (await addPasskey(server, token)).authenticator, token };
  });
  [ada, bob] = (await Promise.all(accounts)) as [typeof ada, typeof bob];
});

afterAll(() => server[Symbol.asyncDispose]());

function signInWith(passkey: unknown) {
  return server.post<ErrorBody>("/auth/passkey/token", { passkey });
}

async function signIn(authenticator: SoftwareAuthenticator, faults: Faults = {}) {
  return signInWith(authenticator.get(await requestOptions(server), faults));
}

/** Why the last passkey was refused, as the log tells. */
function reason(): string | undefined {
  const events = server.logged.map((line) => JSON.parse(line));
  return events.findLast(({ msg }) => /passkey refused/.test(msg))?.reason;
}

/** What an authenticator, or who stands between, may do wrong in either ceremony. */
const faults: readonly (readonly [string, Faults, RegExp])[] = [
  ["of another page", { origin: "https://evil.example" }, /origin/],
  ["of a page whose name ends like ours", { origin: "https://evillocalhost" }, /origin/],
  ["of a page beneath ours that is not listed", { origin: "https://sub.localhost" }, /origin/],
  ["of our page without https", { origin: "http://localhost" }, /origin/],
  ["of our page on another port", { origin: "https://localhost:8443" }, /origin/],
  ["of no page", { origin: "null" }, /origin/],
  ["from within a frame", { clientData: { crossOrigin: true } }, /^cross-origin$/],
  [
    "from within a frame of a page that is named",
    { clientData: { crossOrigin: true, topOrigin: "https://evil.example" } },
    /^cross-origin$/,
  ],
  [
    "from within a frame of our own",
    { clientData: { crossOrigin: true, topOrigin: ORIGIN } },
    /^c/,
  ],
  ["with a top page and no frame", { clientData: { topOrigin: "https://evil.example" } }, /^top/],
  [
    "that claims a frame in another form",
    { clientData: { crossOrigin: "true" } },
    /^cross-origin$/,
  ],
  ["of another domain", { rpId: "evil.example" }, /RP ID/],
  ["whose user was not verified", { flags: Flag.UP }, /user could not be verified|verification/i],
  ["whose user was not there", { flags: Flag.UV }, /present/],
  ["backed up though it cannot be", { flags: Flag.UP | Flag.UV | Flag.BS }, /backed up/],
];

describe("a sign-in by a passkey", () => {
  test.each(faults)("%s is refused", async (_, fault, expected) => {
    expect(codeIn(await signIn(ada.authenticator, fault))).toBe("PASSKEY_REFUSED");
    expect(reason()).toMatch(expected);
  });

  test.each([
    ["of a making", { type: "webauthn.create" }, /type/],
    ["of no kind", { type: "" }, /type/],
    ["with another key's signature", { forged: true }, /^wrong signature$/],
    ["that nobody knows", { id: "A".repeat(43) }, /^unknown passkey$/],
    ["without an id", { id: "" }, /^unknown passkey$/],
    ["without its user's handle", { userHandle: undefined }, /^no user handle$/],
    ["with an empty handle", { userHandle: "" }, /^no user handle$/],
    ["that may be copied now", { flags: Flag.UP | Flag.UV | Flag.BE }, /^backup eligibility/],
    ["with less data than there must be", { flags: Flag.UP | Flag.UV | Flag.AT }, /./],
    ["with data that is not there", { flags: Flag.UP | Flag.UV | Flag.ED }, /./],
  ] as const)("%s is refused", async (_, fault, expected) => {
    expect(codeIn(await signIn(ada.authenticator, fault))).toBe("PASSKEY_REFUSED");
    expect(reason()).toMatch(expected);
  });

  test("of one account with the handle of another is refused, either way round", async () => {
    const { userHandle } = bob.authenticator;
    expect(codeIn(await signIn(ada.authenticator, { userHandle }))).toBe("PASSKEY_REFUSED");
    expect(reason()).toBe("another account's user handle");
    const { id } = bob.authenticator;
    expect(codeIn(await signIn(ada.authenticator, { id }))).toBe("PASSKEY_REFUSED");
    expect(codeIn(await signIn(ada.authenticator, { id, userHandle }))).toBe("PASSKEY_REFUSED");
    expect(reason()).toBe("wrong signature");
  });

  test("whose signed data was changed on the way is refused", async () => {
    const options = await requestOptions(server);
    const { response, ...rest } = ada.authenticator.get(options);
    const data = Buffer.from(response.authenticatorData, "base64url");
    data.writeUInt32BE(data.readUInt32BE(33) + 1000, 33);
    const authenticatorData = data.toString("base64url");
    const passkey = { ...rest, response: { ...response, authenticatorData } };
    expect(codeIn(await signInWith(passkey))).toBe("PASSKEY_REFUSED");
    expect(reason()).toBe("wrong signature");
  });

  test("tells whoever asks nothing of what was wrong", async () => {
    const answers = [
      await signIn(ada.authenticator, { forged: true }),
      await signIn(ada.authenticator, { id: "A".repeat(43) }),
      await signIn(ada.authenticator, { userHandle: bob.authenticator.userHandle }),
    ];
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  });

  test("still works after all of that, and each signature once", async () => {
    const passkey = ada.authenticator.get(await requestOptions(server));
    expectStatus(200, await signInWith(passkey));
    expect(codeIn(await signInWith(passkey))).toBe("INVALID_CHALLENGE");
  });
});

describe("a counter", () => {
  test.each([
    ["that stands still", (counter: number) => counter],
    ["that went back", (counter: number) => counter - 1],
    ["that went back to 0", () => 0],
  ])("%s is refused, and logged as a copy", async (_, next) => {
    const { authenticator } = ada;
    expectStatus(200, await signIn(authenticator));
    const counter = next(authenticator.counter);
    const before = server.logged.length;
    expect(codeIn(await signIn(authenticator, { counter }))).toBe("PASSKEY_REFUSED");
    const logged = server.logged.slice(before).map((line) => JSON.parse(line));
    expect(logged).toMatchObject([
      { level: 40, msg: "a passkey's counter went back: there may be a copy of it" },
    ]);
    expectStatus(200, await signIn(authenticator));
  });

  test("of somebody without the key raises no alarm", async () => {
    const before = server.logged.length;
    await signIn(ada.authenticator, { counter: 0, forged: true });
    expect(server.logged.slice(before).join("")).not.toContain("copy");
  });

  test("raced by two signatures lets one of them in", async () => {
    const { authenticator } = ada;
    const first = authenticator.get(await requestOptions(server));
    const counter = authenticator.counter;
    const second = authenticator.get(await requestOptions(server), { counter });
    const answers = await Promise.all([signInWith(first), signInWith(second)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
  });
});

describe("a passkey's challenge", () => {
  test("that was not given, was used, or has expired is refused", async () => {
    const { authenticator } = ada;
    const made = { challenge: "A".repeat(43), rpId: "localhost" };
    expect(codeIn(await signInWith(authenticator.get(made)))).toBe("INVALID_CHALLENGE");
    const options = await requestOptions(server);
    // A refusal uses it up like a success.
    const forged = authenticator.get(options, { forged: true });
    expect(codeIn(await signInWith(forged))).toBe("PASSKEY_REFUSED");
    expect(codeIn(await signInWith(authenticator.get(options)))).toBe("INVALID_CHALLENGE");
    const late = authenticator.get(await requestOptions(server));
    server.nowMs += 5 * 60_000;
    expect(codeIn(await signInWith(late))).toBe("INVALID_CHALLENGE");
  });

  test("raced by two at once lets one of them in", async () => {
    const options = await requestOptions(server);
    const passkeys = [ada.authenticator.get(options), ada.authenticator.get(options)];
    const answers = await Promise.all(passkeys.map(signInWith));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
  });

  test("of another purpose is refused: making, second factor, confirming", async () => {
    const { authenticator, token } = bob;
    expectStatus(200, await signIn(authenticator));
    const registered = expectStatus(
      200,
      await server.as<{ challenge: string; rpId: string }>(token, "POST", "/auth/confirm/options"),
    );
    const step = await demanded(server, "bob");
    for (const { challenge } of [registered, step]) {
      const passkey = authenticator.get({ challenge, rpId: "localhost" });
      expect(codeIn(await signInWith(passkey))).toBe("INVALID_CHALLENGE");
    }
    // The other way round: what was given for a sign-in neither confirms nor finishes one.
    const passkey = authenticator.get(await requestOptions(server));
    const confirmed = await server.as<ErrorBody>(token, "POST", "/auth/confirm", { passkey });
    expect(codeIn(confirmed)).toBe("INVALID_CHALLENGE");
    expect(codeIn(await finish(server, step.challenge, { passkey }))).toBe("PASSKEY_REFUSED");
    expect(reason()).toMatch(/challenge/);
    expect(codeIn(await finish(server, step.challenge, { passkey }))).toBe("INVALID_CHALLENGE");
  });

  test("of one account's second step is not answered by another account's passkey", async () => {
    const { challenge } = await demanded(server, "bob");
    const passkey = ada.authenticator.get({ challenge, rpId: "localhost" });
    expect(codeIn(await finish(server, challenge, { passkey }))).toBe("PASSKEY_REFUSED");
    expect(reason()).toBe("another account's passkey");
  });

  test.each(faults)("of a second step, answered by a passkey %s, is refused", async (_, fault) => {
    const { challenge } = await demanded(server, "bob");
    const passkey = bob.authenticator.get({ challenge, rpId: "localhost" }, fault);
    expect(codeIn(await finish(server, challenge, { passkey }))).toBe("PASSKEY_REFUSED");
  });
});

describe("a new passkey", () => {
  async function make(with_: Faults | ((passkey: Attestation) => Attestation) = {}) {
    // Another account each time, for only a new one may add without another confirmation.
    const name = `user-${crypto.randomUUID().slice(0, 8)}`;
    const { access_token: token } = await server.register(name);
    const options = await creationOptions(server, token);
    const authenticator = new SoftwareAuthenticator(ORIGIN);
    const passkey =
      typeof with_ === "function"
        ? with_(authenticator.create(options))
        : authenticator.create(options, with_);
    const answer = await server.as<ErrorBody>(token, "POST", PASSKEYS, { name: "key", passkey });
    const kept = (await factorsOf(server, token)).passkeys.length;
    return { answer, kept, options, authenticator, token };
  }

  test.each(faults)("%s is refused", async (_, fault, expected) => {
    const { answer, kept } = await make(fault);
    expect([codeIn(answer), kept]).toEqual(["PASSKEY_REFUSED", 0]);
    expect(reason()).toMatch(expected);
  });

  const certificate = new Map([
    ["alg", -7],
    ["sig", new Uint8Array(70)],
    ["x5c", [new Uint8Array(300)]],
  ] as [string, number | Uint8Array | Uint8Array[]][]);

  test.each([
    ["that is a use of one", { type: "webauthn.get" }, /type/],
    ["that has another id than it says", { id: "A".repeat(43) }, /^another credential id/],
    ["of an algorithm that was not offered", { algorithm: -35 }, /alg/],
    ["of no algorithm", { algorithm: 0 }, /alg/],
    ["with a certificate", { attestation: ["packed", certificate] }, /^attestation with/],
    ["with a phone's attestation", { attestation: ["android-key", certificate] }, /^attestation/],
    ["with an unknown attestation", { attestation: ["new", new Map()] }, /^attestation with/],
    ["with a statement where there is none", { attestation: ["none", certificate] }, /statement/],
    [
      "with another key's signature of itself",
      {
        attestation: [
          "packed",
          new Map([
            ["alg", -7],
            ["sig", new Uint8Array(70)],
          ] as never),
        ],
      },
      /./,
    ],
  ] as [string, Faults, RegExp][])("%s is refused", async (_, fault, expected) => {
    const { answer, kept } = await make(fault);
    expect([codeIn(answer), kept]).toEqual(["PASSKEY_REFUSED", 0]);
    expect(reason()).toMatch(expected);
  });

  test.each([
    ["no CBOR", Buffer.from("not cbor at all").toString("base64url")],
    ["nothing", ""],
    ["CBOR of something else", Buffer.from([0xa0]).toString("base64url")],
    ["CBOR without an end", Buffer.from([0xbf]).toString("base64url")],
  ])("whose attestation is %s is refused", async (_, attestationObject) => {
    const { answer, kept } = await make((passkey) => ({
      ...passkey,
      response: { ...passkey.response, attestationObject },
    }));
    expect([codeIn(answer), kept]).toEqual(["PASSKEY_REFUSED", 0]);
  });

  test("is kept once, and its challenge is good for one", async () => {
    const { answer, kept, options, authenticator, token } = await make();
    expect([answer.status, kept]).toEqual([201, 1]);
    const passkey = authenticator.create(options);
    const again = await server.as<ErrorBody>(token, "POST", PASSKEYS, { name: "key", passkey });
    expect(codeIn(again)).toBe("INVALID_CHALLENGE");
  });

  test("that another account has is refused", async () => {
    const { authenticator } = await make();
    const { access_token: eve } = await server.register(`eve-${crypto.randomUUID().slice(0, 8)}`);
    const passkey = authenticator.create(await creationOptions(server, eve));
    const refused = await server.as<ErrorBody>(eve, "POST", PASSKEYS, { name: "key", passkey });
    expect(codeIn(refused)).toBe("FACTOR_EXISTS");
  });

  test("for another session's challenge is refused, also of the same account", async () => {
    const { access_token: first } = await server.register("carol");
    const { access_token: second } = await server.signIn("carol");
    const passkey = new SoftwareAuthenticator(ORIGIN).create(await creationOptions(server, first));
    for (const token of [second, first]) {
      const refused = await server.as<ErrorBody>(token, "POST", PASSKEYS, { name: "key", passkey });
      expect(codeIn(refused)).toBe("INVALID_CHALLENGE");
    }
  });
});

describe("a passkey of the wrong shape", () => {
  const assertion = () => ada.authenticator.get({ challenge: "A", rpId: "localhost" });
  const shapes: readonly [string, (passkey: Assertion) => unknown][] = [
    ["a text", () => "passkey"],
    ["a list", (passkey) => [passkey]],
    ["null", () => null],
    ["without a response", ({ response: _, ...rest }) => rest],
    ["of another type", (passkey) => ({ ...passkey, type: "password" })],
    ["with a number for an id", (passkey) => ({ ...passkey, id: 5 })],
    ["with an id in base64", (passkey) => ({ ...passkey, id: "ab+/", rawId: "ab+/" })],
    ["with too long an id", (passkey) => ({ ...passkey, id: "A".repeat(1365) })],
    [
      "with too long a signature",
      (passkey) => ({ ...passkey, response: { ...passkey.response, signature: "A".repeat(1025) } }),
    ],
    [
      "with a list for client data",
      (passkey) => ({ ...passkey, response: { ...passkey.response, clientDataJSON: [] } }),
    ],
  ];

  test.each(shapes)("(%s) is refused by its schema", async (_, change) => {
    const answer = await signInWith(change(assertion()));
    expect([answer.status, answer.body.error.code]).toEqual([422, "INVALID_ARGUMENT"]);
  });

  test.each([
    ["no JSON", "not json"],
    ["null", "null"],
    ["a list", "[]"],
    ["a number", "5"],
    ["a number for a challenge", '{"challenge":5}'],
  ])("whose client data are %s is refused", async (_, text) => {
    const { response, ...rest } = assertion();
    const clientDataJSON = Buffer.from(text).toString("base64url");
    const answer = await signInWith({ ...rest, response: { ...response, clientDataJSON } });
    expect(codeIn(answer)).toBe("INVALID_CHALLENGE");
  });

  test("of more than 8 KB is not read", async () => {
    const answer = await signInWith({ ...assertion(), extra: "x".repeat(8192) });
    expect(codeIn(answer)).toBe("BODY_TOO_LARGE");
  });

  test("whose signature is no signature is refused", async () => {
    const { response, ...rest } = ada.authenticator.get(await requestOptions(server));
    for (const signature of ["", "AAAA", "A".repeat(1024)]) {
      const { challenge } = await requestOptions(server);
      const fresh = ada.authenticator.get({ challenge, rpId: "localhost" });
      const passkey = { ...rest, response: { ...fresh.response, signature } };
      expect(codeIn(await signInWith(passkey))).toBe("PASSKEY_REFUSED");
    }
    expect(response.signature).not.toBe("");
  });
});

test("nothing that a passkey refused has said can forge a line of the log", async () => {
  const origin = `https://evil.example/\u001b[2J\n{"msg":"all is well"}`;
  expect(codeIn(await signIn(ada.authenticator, { origin }))).toBe("PASSKEY_REFUSED");
  expect(reason()).toContain("https://evil.example/?[2J?");
  expect(reason()?.length).toBeLessThanOrEqual(160);
});

test("one-time codes and passkeys do not get into each other's way", async () => {
  const { access_token: token } = await server.register("dave");
  const { recoveryCodes } = await addTotp(server, token);
  const { challenge, methods } = await demanded(server, "dave");
  expect(methods).not.toContain("passkey");
  const passkey = ada.authenticator.get({ challenge, rpId: "localhost" });
  expect(codeIn(await finish(server, challenge, { passkey }))).toBe("PASSKEY_REFUSED");
  const next = await demanded(server, "dave");
  expectStatus(200, await finish(server, next.challenge, { code: recoveryCodes[0] }));
});
