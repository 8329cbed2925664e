import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { SignInAnswer } from "../../src/auth/schemas.ts";
import { InProcessStore } from "../support/in_process_store.ts";
import {
  AuthServer,
  type ErrorBody,
  expectStatus,
  PASSWORD,
  SIGN_IN_TIMEOUT_MS,
} from "./auth_server.ts";
import {
  addTotp,
  appCode,
  codeIn,
  confirm,
  demanded,
  factorsOf,
  finish,
  signInWithCode,
  wrongCode,
} from "./factors.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

const STEP_MS = 30_000;

async function withTotp(overrides: Parameters<typeof AuthServer.start>[0] = {}) {
  const server = await AuthServer.start(overrides);
  const { access_token: token } = await server.register();
  const { secret, recoveryCodes } = await addTotp(server, token);
  const sessions = () =>
    server.store.reading.query<{ n: number }, []>("SELECT count(*) AS n FROM session").get()?.n;
  return {
    server,
    token,
    secret,
    recoveryCodes,
    sessions,
    code: (ahead = 0) => appCode(secret, server.nowMs, ahead),
    wrong: () => wrongCode(secret, server.nowMs),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describe("with one-time codes on, a right password", () => {
  test("begins no session and gives no token, but says how to go on", async () => {
    await using ada = await withTotp();
    const before = ada.sessions();
    const answer = await ada.server.post("/auth/token", { name: "ada", password: PASSWORD });
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain("_token");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.body as unknown).toEqual({
      error: { code: "SECOND_FACTOR_REQUIRED", text: expect.any(String) },
      second_factor: {
        challenge: expect.stringMatching(/^[\w-]{43}$/),
        expires_in: 300,
        methods: ["totp", "recovery_code"],
      },
    });
    expect(ada.sessions()).toBe(before);
    expect(ada.server.counters.refusals.get("SECOND_FACTOR_REQUIRED")).toBe(1);
  });

  test("and the code of the app sign in, also as a form", async () => {
    await using ada = await withTotp();
    const { server } = ada;
    const form = { grant_type: "password", username: "ada", password: PASSWORD };
    const first = await server.call<{ second_factor: { challenge: string } }>(
      "POST",
      "/auth/token",
      { body: new URLSearchParams(form) },
    );
    const { challenge } = expectStatus(401, first).second_factor;
    const body = new URLSearchParams({ challenge, code: ada.code() });
    const grant = await server.call<SignInAnswer>("POST", "/auth/token/factor", { body });
    const { access_token: token } = expectStatus(200, grant);
    expect((await server.as(token, "GET", "/auth/me")).status).toBe(200);
    expect(await factorsOf(server, token)).toMatchObject({ totp: { used_ms: server.nowMs } });
  });

  test("is told apart from a wrong one no earlier than before", async () => {
    await using ada = await withTotp();
    const wrong = await ada.server.post("/auth/token", { name: "ada", password: "not that one" });
    const unknown = await ada.server.post("/auth/token", { name: "eve", password: "not that one" });
    expect(codeIn(wrong)).toBe("INVALID_CREDENTIALS");
    expect(wrong.text).toBe(unknown.text);
  });
});

describe("a one-time code", () => {
  test("works once: not again with the same challenge, nor with another", async () => {
    await using ada = await withTotp();
    const { challenge } = await demanded(ada.server);
    const code = ada.code();
    expectStatus(200, await finish(ada.server, challenge, { code }));
    expect(codeIn(await finish(ada.server, challenge, { code }))).toBe("INVALID_CHALLENGE");
    expect(codeIn(await signInWithCode(ada.server, code))).toBe("INVALID_CODE");
  });

  test("that confirmed the enrolment does not sign in", async () => {
    await using ada = await withTotp();
    ada.server.nowMs -= 2 * STEP_MS;
    expect(codeIn(await signInWithCode(ada.server, ada.code()))).toBe("INVALID_CODE");
  });

  test("of an older step does not work after a newer one, though it is within the window", async () => {
    await using ada = await withTotp();
    expectStatus(200, await signInWithCode(ada.server, ada.code(1)));
    for (const ahead of [-1, 0, 1]) {
      expect(codeIn(await signInWithCode(ada.server, ada.code(ahead)))).toBe("INVALID_CODE");
    }
    ada.server.nowMs += STEP_MS;
    expectStatus(200, await signInWithCode(ada.server, ada.code(1)));
  });

  test("works a step early and a step late, and no further off", async () => {
    await using ada = await withTotp();
    for (const ahead of [-2, 2]) {
      expect(codeIn(await signInWithCode(ada.server, ada.code(ahead)))).toBe("INVALID_CODE");
    }
    for (const ahead of [-1, 1]) {
      expectStatus(200, await signInWithCode(ada.server, ada.code(ahead)));
      ada.server.nowMs += 3 * STEP_MS;
    }
  });

  test("raced by two at once lets one of them in", async () => {
    await using ada = await withTotp();
    const challenges = [await demanded(ada.server), await demanded(ada.server)];
    const code = ada.code();
    const answers = await Promise.all(
      challenges.map(({ challenge }) => finish(ada.server, challenge, { code })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
  });

  test("and a recovery code raced on one challenge begin one session", async () => {
    await using ada = await withTotp();
    const { challenge } = await demanded(ada.server);
    const before = ada.sessions() ?? 0;
    await Promise.all([
      finish(ada.server, challenge, { code: ada.code() }),
      finish(ada.server, challenge, { code: ada.recoveryCodes[0] }),
    ]);
    expect(ada.sessions()).toBe(before + 1);
  });

  test("that was used does not work after a restart either", async () => {
    const store = new InProcessStore();
    const ada = await withTotp({ store, keepsStore: true });
    const code = ada.code();
    expectStatus(200, await signInWithCode(ada.server, code));
    const { nowMs } = ada.server;
    await ada.server[Symbol.asyncDispose]();
    await using server = await AuthServer.start({ store });
    server.nowMs = nowMs;
    expect(codeIn(await signInWithCode(server, code))).toBe("INVALID_CODE");
    expectStatus(200, await signInWithCode(server, appCode(ada.secret, nowMs, 1)));
  });

  test("may be typed with spaces, as apps show it", async () => {
    await using ada = await withTotp();
    const code = ada.code().replace(/^(...)/, " $1 ");
    expectStatus(200, await signInWithCode(ada.server, code));
  });

  test("of another account does not fit", async () => {
    await using ada = await withTotp();
    const bob = await ada.server.register("bob");
    const { secret } = await addTotp(ada.server, bob.access_token);
    const code = appCode(secret, ada.server.nowMs);
    expect(codeIn(await signInWithCode(ada.server, code))).toBe("INVALID_CODE");
    expectStatus(200, await signInWithCode(ada.server, code, "bob"));
  });
});

describe("guessing one-time codes", () => {
  test("has five tries to a challenge", async () => {
    await using ada = await withTotp();
    const { challenge } = await demanded(ada.server);
    const codes: string[] = [];
    for (let index = 0; index < 6; index++) {
      codes.push(codeIn(await finish(ada.server, challenge, { code: ada.wrong() })));
    }
    expect(codes).toEqual([...Array(5).fill("INVALID_CODE"), "INVALID_CHALLENGE"]);
  });

  test("must wait longer and longer, whatever the challenge, also for the right code", async () => {
    await using ada = await withTotp();
    const { server } = ada;
    for (let index = 0; index < 5; index++) await signInWithCode(server, ada.wrong());
    const waits: number[] = [];
    for (let index = 0; index < 9; index++) {
      const refused = await signInWithCode(server, ada.code());
      expect(codeIn(refused)).toBe("RATE_LIMITED");
      expect(refused.headers.get("retry-after")).toBeTruthy();
      const waitMs = refused.body.error.retry_after_ms ?? 0;
      waits.push(waitMs / 1000);
      server.nowMs += waitMs;
      expect(codeIn(await signInWithCode(server, ada.wrong()))).toBe("INVALID_CODE");
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    server.nowMs += 3_600_000;
    expectStatus(200, await signInWithCode(server, ada.code()));
    // The right one begins the count anew.
    expect(codeIn(await signInWithCode(server, ada.wrong()))).toBe("INVALID_CODE");
    expectStatus(200, await signInWithCode(server, ada.code(1)));
    expect(server.logged.join("")).toContain('"msg":"wrong one-time code"');
  });

  test("by many at once has no more tries than one after the other", async () => {
    await using ada = await withTotp();
    const challenges: Awaited<ReturnType<typeof demanded>>[] = [];
    for (let index = 0; index < 8; index++) challenges.push(await demanded(ada.server));
    const code = ada.wrong();
    const answers = await Promise.all(
      challenges.map(({ challenge }) => finish(ada.server, challenge, { code })),
    );
    const codes = answers.map(codeIn).sort();
    expect(codes).toEqual([...Array(5).fill("INVALID_CODE"), ...Array(3).fill("RATE_LIMITED")]);
  });

  test("is over after a hundred in a row, until another factor has shown the owner", async () => {
    await using ada = await withTotp();
    const { server } = ada;
    server.store.writing.run("UPDATE totp_factor SET failures = 99");
    expect(codeIn(await signInWithCode(server, ada.wrong()))).toBe("INVALID_CODE");
    server.nowMs += 24 * 3_600_000;
    expect(codeIn(await signInWithCode(server, ada.code()))).toBe("FACTOR_LOCKED");
    expectStatus(200, await signInWithCode(server, ada.recoveryCodes[0] as string));
    expectStatus(200, await signInWithCode(server, ada.code()));
  });

  test("keeps nobody from the recovery codes", async () => {
    await using ada = await withTotp();
    for (let index = 0; index < 5; index++) await signInWithCode(ada.server, ada.wrong());
    expect(codeIn(await signInWithCode(ada.server, ada.code()))).toBe("RATE_LIMITED");
    expectStatus(200, await signInWithCode(ada.server, ada.recoveryCodes[3] as string));
  });
});

describe("a challenge", () => {
  test("lives for minutes", async () => {
    await using ada = await withTotp();
    const { challenge } = await demanded(ada.server);
    ada.server.nowMs += 5 * 60_000;
    const answer = await finish(ada.server, challenge, { code: ada.code() });
    expect(codeIn(answer)).toBe("INVALID_CHALLENGE");
  });

  test("does not outlive a change of the password", async () => {
    await using ada = await withTotp();
    const { challenge } = await demanded(ada.server);
    const proofs = { password: PASSWORD, code: ada.code() };
    expectStatus(204, await confirm(ada.server, ada.token, proofs));
    const passwords = { current_password: PASSWORD, new_password: "another good one" };
    const changed = await ada.server.as(ada.token, "POST", "/auth/password", passwords);
    expectStatus(200, changed);
    const answer = await finish(ada.server, challenge, { code: ada.code(1) });
    expect(codeIn(answer)).toBe("INVALID_CREDENTIALS");
  });

  test.each([
    ["of nobody", { challenge: "A".repeat(43), code: "123456" }, 401, "INVALID_CHALLENGE"],
    ["that is too long", { challenge: "A".repeat(65), code: "123456" }, 422, "INVALID_ARGUMENT"],
    ["with a number for a code", { challenge: "A", code: 123_456 }, 422, "INVALID_ARGUMENT"],
    ["with a list for a code", { challenge: "A", code: ["123456"] }, 422, "INVALID_ARGUMENT"],
    ["with a long code", { challenge: "A", code: "1".repeat(65) }, 422, "INVALID_ARGUMENT"],
    ["that is missing", { code: "123456" }, 422, "INVALID_ARGUMENT"],
  ])("(%s) is refused", async (_, body, status, code) => {
    await using server = await AuthServer.start();
    const answer = await server.post<ErrorBody>("/auth/token/factor", body);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });

  test("without any answer to it is refused, and stays", async () => {
    await using ada = await withTotp();
    const { challenge } = await demanded(ada.server);
    expect(codeIn(await finish(ada.server, challenge, {}))).toBe("INVALID_ARGUMENT");
    expectStatus(200, await finish(ada.server, challenge, { code: ada.code() }));
  });
});

test("no code, secret or challenge is ever logged", async () => {
  await using ada = await withTotp();
  const { challenge } = await demanded(ada.server);
  const wrong = ada.wrong();
  const right = ada.code();
  await finish(ada.server, challenge, { code: wrong });
  await finish(ada.server, challenge, { code: ada.recoveryCodes[0] });
  await signInWithCode(ada.server, right);
  const logged = ada.server.logged.join("");
  const codes = [wrong, right, ...ada.recoveryCodes, ada.secret, challenge];
  // A six-digit code could stand in a time by chance, so it is looked for as a word.
  expect(codes.filter((text) => new RegExp(`\\b${text}\\b`).test(logged))).toEqual([]);
  expect(logged).toContain('"msg":"recovery code used"');
});
