import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { CloseCode, closes, errorEntry, errorName, errors } from "../../src/wire/codes.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { appCode, ORIGIN } from "../auth/factors.ts";
import { SoftwareAuthenticator } from "../auth/software_authenticator.ts";
import { run } from "../support/command.ts";
import { Counted } from "../support/counted.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { RawPeer } from "../support/raw_peer.ts";
import {
  PASSWORD,
  register,
  registerAdmin,
  startServer,
  type TestServer,
} from "../support/server.ts";
import { until } from "../support/wait.ts";

/** The file, as another program opens it: a thread of the stopped server may be closing it still. */
function openBeside(folder: string): Database {
  const db = new Database(join(folder, "hubbub.db"));
  db.run("PRAGMA busy_timeout = 5000");
  return db;
}

const GENERAL = 1;

type KnownError = Exclude<ErrorCode, ErrorCode.UNSPECIFIED>;

async function enter(server: TestServer, name = "ada") {
  const { accessToken } = await register(server.url, name);
  return Object.assign(await RawConnection.open(server.url, accessToken), { accessToken });
}

/** The error that a command was answered with. */
async function refusalOf(connection: RawConnection, request: number) {
  const answer = await connection.answerTo(request);
  if (answer.case !== "error") throw new Error(`answered by ${answer.case}`);
  return answer.value;
}

/** Asks for a WebSocket as plain HTTP, so that the refusal's status and body can be seen. */
function askToUpgrade(url: string, headers: Record<string, string>) {
  return fetch(`${url}/ws`, {
    headers: {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Protocol": "hubbub.v1",
      ...headers,
    },
  });
}

function post(url: string, path: string, body: unknown, accessToken = "") {
  return fetch(`${url}/auth/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${accessToken}` },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

function profile(url: string, accessToken: string, signal: AbortSignal | null = null) {
  const headers = { Authorization: `Bearer ${accessToken}` };
  return fetch(`${url}/profile?seconds=60`, { method: "POST", headers, signal });
}

/** Turns one-time codes on for a new account. */
async function enterWithTotp(server: TestServer) {
  const { accessToken } = await register(server.url, "ada");
  const begun = await post(server.url, "factors/totp", {}, accessToken);
  const { enrolment, secret } = (await begun.json()) as { enrolment: string; secret: string };
  const body = { enrolment, code: appCode(secret, Date.now()) };
  const added = await post(server.url, "factors/totp/confirm", body, accessToken);
  expect(added.status).toBe(200);
  return accessToken;
}

async function challengeOf(server: TestServer): Promise<string> {
  const answer = await post(server.url, "token", { name: "ada", password: PASSWORD });
  const body = (await answer.json()) as { second_factor: { challenge: string } };
  return body.second_factor.challenge;
}

type PasskeyOptions = Parameters<SoftwareAuthenticator["create"]>[0] &
  Parameters<SoftwareAuthenticator["get"]>[0];

async function askFor(server: TestServer, path: string, token?: string): Promise<PasskeyOptions> {
  return (await post(server.url, path, {}, token)).json() as Promise<PasskeyOptions>;
}

async function makePasskey(server: TestServer, accessToken: string) {
  const options = await askFor(server, "factors/passkeys/options", accessToken);
  return new SoftwareAuthenticator(ORIGIN).create(options);
}

/** An HTTP refusal must have the status and the name of its code. */
async function codeOf(response: Response): Promise<KnownError> {
  const body = (await response.json()) as { error: { code: keyof typeof ErrorCode } };
  const code = ErrorCode[body.error.code] as KnownError;
  expect(response.status).toBe(errorEntry(code).status);
  return code;
}

/**
 * How each error code is provoked; returns the code that came. A record of all codes, so that a
 * new code without a provocation does not compile.
 */
const provocations: Record<KnownError, () => Promise<ErrorCode>> = {
  async [ErrorCode.INVALID_FRAME]() {
    await using server = await startServer();
    const ada = await enter(server);
    ada.sendRaw(new Uint8Array([0xff, 0xff, 0xff]));
    return (await ada.event("error")).code;
  },
  async [ErrorCode.UNIMPLEMENTED]() {
    await using server = await startServer();
    const ada = await enter(server);
    // request 7 and a command in field 100, as a newer client would send.
    ada.sendRaw(new Uint8Array([0x08, 0x07, 0xa2, 0x06, 0x00]));
    return (await refusalOf(ada, 7)).code;
  },
  async [ErrorCode.INVALID_ARGUMENT]() {
    await using server = await startServer();
    const ada = await enter(server);
    const empty = await refusalOf(ada, ada.post(send(GENERAL, "")));
    const noNonce = await refusalOf(ada, ada.post(send(GENERAL, "hello", "")));
    const longNonce = await refusalOf(ada, ada.post(send(GENERAL, "hello", "é".repeat(33))));
    const join = { case: "join", value: { name: "no spaces" } } as const;
    const badName = await refusalOf(ada, ada.post(join));
    const cursors = Array.from({ length: 101 }, (_, index) => ({ channel: index, after: 0 }));
    const tooMany = await refusalOf(ada, ada.post({ case: "resume", value: { cursors } }));
    const watch = { case: "watch" as const, value: { channels: [1, 2, 3, 4, 5] } };
    const looksAtTooMany = await refusalOf(ada, ada.post(watch));
    const refused = [empty, noNonce, longNonce, badName, tooMany, looksAtTooMany];
    const codes = refused.map(({ code }) => code);
    expect(new Set(codes).size).toBe(1);
    return codes[0] as ErrorCode;
  },
  async [ErrorCode.BODY_TOO_LARGE]() {
    await using server = await startServer({ bodyBytes: 10 });
    const ada = await enter(server);
    await ada.expect("sent", send(GENERAL, "0123456789"));
    await ada.expect("sent", send(GENERAL, "01234567é"));
    return (await refusalOf(ada, ada.post(send(GENERAL, "012345678é")))).code;
  },
  async [ErrorCode.NO_SUCH_CHANNEL]() {
    await using server = await startServer();
    const ada = await enter(server);
    return (await refusalOf(ada, ada.post(send(77, "hello")))).code;
  },
  async [ErrorCode.NOT_A_MEMBER]() {
    await using server = await startServer();
    const ada = await enter(server);
    const bob = await enter(server, "bob");
    const { channel } = await bob.expect("joined", { case: "join", value: { name: "bobs" } });
    const id = channel?.id as number;
    const leave = await refusalOf(ada, ada.post({ case: "leave", value: { channel: id } }));
    const read = { case: "readHistory", value: { channel: id } } as const;
    expect((await refusalOf(ada, ada.post(read))).code).toBe(leave.code);
    const members = { case: "listMembers", value: { channel: id } } as const;
    expect((await refusalOf(ada, ada.post(members))).code).toBe(leave.code);
    return (await refusalOf(ada, ada.post(send(id, "hello")))).code;
  },
  async [ErrorCode.TOO_MANY_CHANNELS]() {
    await using server = await startServer({ channelsPerUser: 2 });
    const ada = await enter(server);
    await ada.expect("joined", { case: "join", value: { name: "second" } });
    // Joining one again is no error even then.
    await ada.expect("joined", { case: "join", value: { name: "second" } });
    const third = { case: "join", value: { name: "third" } } as const;
    return (await refusalOf(ada, ada.post(third))).code;
  },
  async [ErrorCode.CHANNEL_LIMIT]() {
    await using server = await startServer({ channels: 2 });
    const ada = await enter(server);
    await ada.expect("joined", { case: "join", value: { name: "second" } });
    const third = { case: "join", value: { name: "third" } } as const;
    return (await refusalOf(ada, ada.post(third))).code;
  },
  async [ErrorCode.CHANNEL_FULL]() {
    const first = await startServer();
    await register(first.url, "bob");
    await first.stop();
    // A channel that has all but used up its numbers, as nobody can make one in a test's time.
    const db = openBeside(first.folder);
    const values = [GENERAL, 2 ** 32 - 1];
    db.run("INSERT INTO message VALUES (NULL, ?, ?, 1, x'00', x'00')", values);
    db.close();
    await using server = await startServer({}, first.folder);
    const ada = await enter(server);
    return (await refusalOf(ada, ada.post(send(GENERAL, "hello")))).code;
  },
  async [ErrorCode.CURSOR_AHEAD]() {
    await using server = await startServer();
    const ada = await enter(server);
    const cursors = [{ channel: GENERAL, after: 1 }];
    const { refused } = await ada.expect("resumed", { case: "resume", value: { cursors } });
    return refused[0]?.code as ErrorCode;
  },
  async [ErrorCode.RATE_LIMITED]() {
    await using server = await startServer({ messageBurst: 2, messagesPerSecond: 1 });
    const ada = await enter(server);
    const requests = [1, 2, 3].map(() => ada.post(send(GENERAL, "hello")));
    const refusal = await refusalOf(ada, requests[2] as number);
    expect(refusal.retryAfterMs).toBeGreaterThan(0);
    expect(refusal.retryAfterMs).toBeLessThanOrEqual(1000);
    return refusal.code;
  },
  async [ErrorCode.TOO_MANY_PENDING]() {
    await using server = await startServer({ pendingCommands: 1 });
    const ada = await enter(server);
    const read = { case: "readHistory", value: { channel: GENERAL } } as const;
    const [first, second] = [ada.post(read), ada.post(read)];
    const refusal = await refusalOf(ada, second);
    expect((await ada.answerTo(first)).case).toBe("historyPage");
    return refusal.code;
  },
  async [ErrorCode.OVERLOADED]() {
    await using server = await startServer({
      queueBytes: 1024 * 1024,
      frameBytes: 1024 * 1024,
      outboundBytes: 16 * 1024 * 1024,
      bodyBytes: 700_000,
    });
    const ada = await enter(server);
    // Two bodies of 700 kB at once are more than the queue may hold.
    const requests = [1, 2, 3, 4, 5, 6].map(() => ada.post(send(GENERAL, "x".repeat(700_000))));
    const answers = await Promise.all(requests.map((request) => ada.answerTo(request)));
    const refusal = answers.find((answer) => answer.case === "error");
    expect(answers.some((answer) => answer.case === "sent")).toBe(true);
    return refusal?.value.code ?? ErrorCode.UNSPECIFIED;
  },
  async [ErrorCode.STORE_UNAVAILABLE]() {
    await using server = await startServer();
    const ada = await enter(server);
    // Another writer holds the file for longer than the server waits for it.
    const db = new Database(join(server.folder, "hubbub.db"));
    db.run("BEGIN IMMEDIATE");
    const refusal = await refusalOf(ada, ada.post(send(GENERAL, "hello")));
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    db.run("ROLLBACK");
    db.close();
    expect(refusal.retryAfterMs).toBeGreaterThan(0);
    // It goes on by itself, and the message that was refused took no number.
    for (;;) {
      const answer = await ada.ask(send(GENERAL, "hello again"));
      if (answer.case === "sent") {
        expect(answer.value.seq).toBe(1);
        break;
      }
      await Bun.sleep(100);
    }
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    return refusal.code;
  },
  async [ErrorCode.GOING_AWAY]() {
    await using server = await startServer();
    const ada = await enter(server);
    // A send that arrives while the server stops.
    const db = new Database(join(server.folder, "hubbub.db"));
    db.run("BEGIN IMMEDIATE");
    const first = ada.post(send(GENERAL, "before"));
    await until(async () => (await Counted.by(server)).throughStage("batch_wait") > 0);
    const stopped = server.stop();
    await ada.event("goingAway");
    const refusal = await refusalOf(ada, ada.post(send(GENERAL, "after")));
    db.run("ROLLBACK");
    db.close();
    expect((await ada.answerTo(first)).case).toBe("sent");
    await stopped;
    return refusal.code;
  },
  async [ErrorCode.INTERNAL]() {
    const first = await startServer();
    const before = await enter(first);
    for (const body of ["one", "two", "three"]) await before.expect("sent", send(GENERAL, body));
    await first.stop();
    // A hole in the file, which only somebody else could have made.
    const db = openBeside(first.folder);
    db.run("DELETE FROM message WHERE channel_id = ? AND seq = 2", [GENERAL]);
    db.close();
    await using server = await startServer({}, first.folder);
    const ada = await RawConnection.open(server.url, before.accessToken);
    const cursors = [{ channel: GENERAL, after: 0 }];
    return (await refusalOf(ada, ada.post({ case: "resume", value: { cursors } }))).code;
  },
  async [ErrorCode.NAME_TAKEN]() {
    await using server = await startServer();
    await register(server.url, "ada");
    return await codeOf(await post(server.url, "register", { name: "ADA", password: PASSWORD }));
  },
  async [ErrorCode.INVALID_CREDENTIALS]() {
    await using server = await startServer();
    await register(server.url, "ada");
    const password = "not the password";
    const unknown = await codeOf(await post(server.url, "token", { name: "eve", password }));
    expect(await codeOf(await post(server.url, "token", { name: "ada", password }))).toBe(unknown);
    return unknown;
  },
  async [ErrorCode.INVALID_TOKEN]() {
    await using server = await startServer();
    const headers = { Authorization: "Bearer nonsense" };
    const refusal = await codeOf(await askToUpgrade(server.url, headers));
    expect(await codeOf(await askToUpgrade(server.url, {}))).toBe(refusal);
    expect(await codeOf(await fetch(`${server.url}/auth/me`, { headers }))).toBe(refusal);
    return refusal;
  },
  async [ErrorCode.ORIGIN_REFUSED]() {
    await using server = await startServer();
    const { accessToken } = await register(server.url, "ada");
    const headers = { Authorization: `Bearer ${accessToken}`, Origin: "https://evil.example" };
    return await codeOf(await askToUpgrade(server.url, headers));
  },
  async [ErrorCode.REGISTRATION_CLOSED]() {
    await using server = await startServer({ registration: "closed" });
    return await codeOf(await post(server.url, "register", { name: "ada", password: PASSWORD }));
  },
  async [ErrorCode.SIGN_IN_BUSY]() {
    await using server = await startServer({ hashQueue: 0 });
    const both = await Promise.all(
      ["ada", "bob"].map((name) => post(server.url, "register", { name, password: PASSWORD })),
    );
    const refused = both.find(({ status }) => status !== 201) as Response;
    expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(0);
    return await codeOf(refused);
  },
  async [ErrorCode.TOO_MANY_SESSIONS]() {
    await using server = await startServer({ sessionsPerUser: 1 });
    const { accessToken } = await enter(server);
    const headers = { Authorization: `Bearer ${accessToken}` };
    return await codeOf(await askToUpgrade(server.url, headers));
  },
  async [ErrorCode.TOO_MANY_CONNECTIONS]() {
    await using server = await startServer({ connections: 1 });
    await enter(server);
    const { accessToken } = await register(server.url, "bob");
    const headers = { Authorization: `Bearer ${accessToken}` };
    return await codeOf(await askToUpgrade(server.url, headers));
  },
  async [ErrorCode.UNKNOWN_SUBPROTOCOL]() {
    await using server = await startServer();
    const { accessToken } = await register(server.url, "ada");
    const headers = { Authorization: `Bearer ${accessToken}`, "Sec-WebSocket-Protocol": "chat" };
    return await codeOf(await askToUpgrade(server.url, headers));
  },
  async [ErrorCode.NOT_FOUND]() {
    await using server = await startServer();
    return await codeOf(await fetch(`${server.url}/nowhere`));
  },
  async [ErrorCode.PASSWORDS_UNAVAILABLE]() {
    await using server = await startServer();
    await register(server.url, "ada");
    // As if the pepper that went into it had been lost.
    const db = new Database(join(server.folder, "hubbub.db"));
    const [{ hash } = { hash: "" }] = db
      .query<{ hash: string }, []>("SELECT password_hash AS hash FROM account")
      .all();
    const lost = hash.replace(/keyid=.{11}/, "keyid=lostLostlos");
    db.run("UPDATE account SET password_hash = ?", [lost]);
    db.close();
    return await codeOf(await post(server.url, "token", { name: "ada", password: PASSWORD }));
  },
  async [ErrorCode.ACCOUNT_DISABLED]() {
    await using server = await startServer();
    const { accessToken } = await register(server.url, "ada");
    await run(["user", "disable", "ada", "--data", join(server.folder, "hubbub.db")]);
    const headers = { Authorization: `Bearer ${accessToken}` };
    const refusal = await codeOf(await askToUpgrade(server.url, headers));
    expect(await codeOf(await fetch(`${server.url}/auth/me`, { headers }))).toBe(refusal);
    const right = { name: "ada", password: PASSWORD };
    expect(await codeOf(await post(server.url, "token", right))).toBe(refusal);
    return refusal;
  },
  async [ErrorCode.TOO_MANY_ARRIVALS]() {
    await using server = await startServer({ arrivalQueue: 0 });
    for (;;) {
      const crowd = await Promise.all(
        Array.from({ length: 200 }, () => askToUpgrade(server.url, {})),
      );
      const turnedAway = crowd.find(({ status }) => status === 503);
      if (turnedAway === undefined) continue;
      expect(Number(turnedAway.headers.get("Retry-After"))).toBeGreaterThan(0);
      return await codeOf(turnedAway);
    }
  },
  async [ErrorCode.SECOND_FACTOR_REQUIRED]() {
    await using server = await startServer();
    await enterWithTotp(server);
    return await codeOf(await post(server.url, "token", { name: "ada", password: PASSWORD }));
  },
  async [ErrorCode.INVALID_CODE]() {
    await using server = await startServer();
    await enterWithTotp(server);
    const body = { challenge: await challengeOf(server), code: "no code" };
    return await codeOf(await post(server.url, "token/factor", body));
  },
  async [ErrorCode.INVALID_CHALLENGE]() {
    await using server = await startServer();
    return await codeOf(
      await post(server.url, "token/factor", { challenge: "none", code: "123456" }),
    );
  },
  async [ErrorCode.PASSKEY_REFUSED]() {
    await using server = await startServer();
    const asked = await fetch(`${server.url}/auth/passkey/options`, { method: "POST" });
    const options = (await asked.json()) as { challenge: string; rpId: string };
    const passkey = new SoftwareAuthenticator(ORIGIN).get(options);
    return await codeOf(await post(server.url, "passkey/token", { passkey }));
  },
  async [ErrorCode.CONFIRMATION_REQUIRED]() {
    await using server = await startServer();
    const accessToken = await enterWithTotp(server);
    return await codeOf(await post(server.url, "factors/recovery-codes", {}, accessToken));
  },
  async [ErrorCode.FACTOR_EXISTS]() {
    await using server = await startServer();
    const { accessToken } = await register(server.url, "ada");
    const { accessToken: bob } = await register(server.url, "bob");
    const passkey = await makePasskey(server, accessToken);
    const add = (token: string, made: object) =>
      post(server.url, "factors/passkeys", { name: "key", passkey: made }, token);
    expect((await add(accessToken, passkey)).status).toBe(201);
    // A passkey of another account, made anew for a challenge of this one's.
    const options = await post(server.url, "factors/passkeys/options", {}, bob);
    const { challenge } = (await options.json()) as { challenge: string };
    const { clientDataJSON } = passkey.response;
    const data = JSON.parse(Buffer.from(clientDataJSON, "base64url").toString());
    const changed = Buffer.from(JSON.stringify({ ...data, challenge })).toString("base64url");
    const response = { ...passkey.response, clientDataJSON: changed };
    return await codeOf(await add(bob, { ...passkey, response }));
  },
  async [ErrorCode.TOO_MANY_FACTORS]() {
    await using server = await startServer();
    const { accessToken: first } = await register(server.url, "ada");
    const authenticator = new SoftwareAuthenticator(ORIGIN);
    const made = authenticator.create(await askFor(server, "factors/passkeys/options", first));
    await post(server.url, "factors/passkeys", { name: "key", passkey: made }, first);
    // Only who has shown a factor may add another.
    const shown = authenticator.get(await askFor(server, "passkey/options"));
    const signedIn = await post(server.url, "passkey/token", { passkey: shown });
    const { access_token: token } = (await signedIn.json()) as { access_token: string };
    const passkey = await makePasskey(server, token);
    // While it was being made, the account got nineteen others.
    const db = new Database(join(server.folder, "hubbub.db"));
    const row = "INSERT INTO passkey VALUES (?, 1, x'', x'', 0, '', 'key', 0, 0, NULL)";
    for (let index = 0; index < 19; index++) db.run(row, [`key-${index}`]);
    db.close();
    const body = { name: "one more", passkey };
    return await codeOf(await post(server.url, "factors/passkeys", body, token));
  },
  async [ErrorCode.FACTOR_LOCKED]() {
    await using server = await startServer();
    await enterWithTotp(server);
    const db = new Database(join(server.folder, "hubbub.db"));
    db.run("UPDATE totp_factor SET failures = 100");
    db.close();
    const body = { challenge: await challengeOf(server), code: "123456" };
    return await codeOf(await post(server.url, "token/factor", body));
  },
  async [ErrorCode.FORBIDDEN]() {
    await using server = await startServer();
    const { accessToken } = await register(server.url, "ada");
    return await codeOf(await profile(server.url, accessToken));
  },
  async [ErrorCode.PROFILE_BUSY]() {
    await using server = await startServer();
    const { accessToken } = await registerAdmin(server, "ada");
    const end = new AbortController();
    // The one that is taken takes a minute, so the first answer is the other's.
    const both = [1, 2].map(() => profile(server.url, accessToken, end.signal));
    const code = await codeOf(await Promise.race(both));
    end.abort();
    await Promise.allSettled(both);
    return code;
  },
  async [ErrorCode.CHANNEL_ARCHIVED]() {
    await using server = await startServer();
    const ada = await enter(server);
    await ada.expect("sent", send(GENERAL, "before"));
    const command = ["channel", "archive", "general", "--data", server.dataFile];
    expect(await run(command)).toMatchObject({ code: 0, err: "" });
    const { channel } = await ada.event("channelChanged");
    expect(channel).toMatchObject({ id: GENERAL, archived: true, head: 1 });
    return (await refusalOf(ada, ada.post(send(GENERAL, "after")))).code;
  },
};

describe("every error code can be seen from outside", () => {
  for (const code of Object.keys(errors).map(Number) as KnownError[]) {
    test(errorName(code), async () => {
      expect(errorName(await provocations[code]())).toBe(errorName(code));
    }, 15_000);
  }
});

/** How the server ends a connection that sends these bytes. */
async function endingAfter(bytes: number[]) {
  await using server = await startServer();
  const { accessToken } = await register(server.url, "bob");
  const bob = await RawPeer.open(server.url, accessToken);
  bob.socket.write(new Uint8Array(bytes));
  await bob.whenClosed();
  return { code: bob.closeCode() as number, reason: "" };
}

/** How each close code is provoked; returns the code that came. */
const endings: Record<CloseCode, () => Promise<{ code: number; reason: string }>> = {
  async [CloseCode.GOING_AWAY]() {
    await using server = await startServer();
    const ada = await enter(server);
    await server.stop();
    const { afterMs, spreadMs } = await ada.event("goingAway");
    expect([afterMs > 0, spreadMs > 0]).toEqual([true, true]);
    return await ada.untilClosed();
  },
  [CloseCode.PROTOCOL_ERROR]: () => endingAfter([0x82, 0x01, 0x41]),
  [CloseCode.INVALID_TEXT]: () => endingAfter([0x81, 0x81, 0, 0, 0, 0, 0xff]),
  async [CloseCode.TOO_BIG]() {
    await using server = await startServer({ frameBytes: 2048, bodyBytes: 1024 });
    const ada = await enter(server);
    ada.sendRaw(new Uint8Array(2049));
    return await ada.untilClosed();
  },
  async [CloseCode.SLOW_CONSUMER]() {
    const room = { messagesPerSecond: 1e6, messageBurst: 1e6 };
    await using server = await startServer({ outboundBytes: 524_288, ...room });
    const ada = await enter(server);
    const { accessToken } = await register(server.url, "bob");
    const bob = await RawPeer.open(server.url, accessToken);
    // resume {}
    bob.send(2, new Uint8Array([0x42, 0x00]));
    await until(() => bob.frames().length >= 2);
    bob.pause();
    while ((await Counted.by(server)).closed(CloseCode.SLOW_CONSUMER) === 0) {
      await ada.expect("sent", send(GENERAL, "x".repeat(16_000)));
    }
    bob.resume();
    await bob.whenClosed();
    return { code: bob.closeCode() as number, reason: "" };
  },
  async [CloseCode.TOO_MANY_REFUSALS]() {
    await using server = await startServer({
      messageBurst: 1,
      messagesPerSecond: 1,
      refusalsBeforeClose: 5,
    });
    const ada = await enter(server);
    for (let index = 0; index < 20; index++) ada.post(send(GENERAL, "hello"));
    return await ada.untilClosed();
  },
  async [CloseCode.SIGNED_OUT]() {
    await using server = await startServer();
    const ada = await enter(server);
    const headers = { Authorization: `Bearer ${ada.accessToken}` };
    const response = await fetch(`${server.url}/auth/logout`, { method: "POST", headers });
    expect(response.status).toBe(204);
    return await ada.untilClosed();
  },
  async [CloseCode.TOO_MANY_FAULTS]() {
    await using server = await startServer();
    const ada = await enter(server);
    for (let index = 0; index < 20; index++) ada.sendRaw("text on a binary connection");
    return await ada.untilClosed();
  },
};

describe("every close code can be seen from outside", () => {
  for (const code of Object.keys(closes).map(Number) as CloseCode[]) {
    test(`${code}`, async () => {
      expect((await endings[code]()).code).toBe(code);
    }, 30_000);
  }
});

test("one user cannot use up the room for channels: making them has a rate, joining has not", async () => {
  await using server = await startServer({ newChannelsPerHour: 2 });
  const ada = await enter(server);
  const join = (name: string) => ({ case: "join", value: { name } }) as const;
  for (const name of ["one", "two"]) await ada.expect("joined", join(name));
  const refusal = await refusalOf(ada, ada.post(join("three")));
  expect(refusal.code).toBe(ErrorCode.RATE_LIMITED);
  expect(refusal.retryAfterMs).toBeGreaterThan(60_000);
  // Neither a new connection nor another one helps; channels that exist may be joined.
  await ada.close();
  const again = await RawConnection.open(server.url, ada.accessToken);
  expect((await refusalOf(again, again.post(join("three")))).code).toBe(ErrorCode.RATE_LIMITED);
  const bob = await enter(server, "bob");
  await bob.expect("joined", join("three"));
  await again.expect("joined", join("three"));
});

test("connecting again brings no new budget", async () => {
  await using server = await startServer({
    messageBurst: 1,
    messagesPerSecond: 1,
    refusalsBeforeClose: 5,
  });
  const ada = await enter(server);
  for (let index = 0; index < 20; index++) ada.post(send(GENERAL, "hello"));
  expect((await ada.untilClosed()).code).toBe(CloseCode.TOO_MANY_REFUSALS);
  const again = await RawConnection.open(server.url, ada.accessToken);
  for (let index = 0; index < 5; index++) again.post(send(GENERAL, "hello"));
  expect((await again.untilClosed()).code).toBe(CloseCode.TOO_MANY_REFUSALS);
  expect(again.events.filter(({ event }) => event.case === "error").length).toBeLessThan(5);
});

test("connecting has a rate", async () => {
  await using server = await startServer({ commandBurst: 2, commandsPerSecond: 1 });
  const ada = await enter(server);
  await RawConnection.open(server.url, ada.accessToken);
  const headers = { Authorization: `Bearer ${ada.accessToken}` };
  const refused = await askToUpgrade(server.url, headers);
  expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(0);
  expect(await codeOf(refused)).toBe(ErrorCode.RATE_LIMITED);
});

test("asking for the challenge of a passkey has a rate, since each may cost a signature check", async () => {
  await using server = await startServer();
  const ask = () => fetch(`${server.url}/auth/passkey/options`, { method: "POST" });
  const answers: Response[] = [];
  // A hundred a second come back, so this ends unless asking is as slow as that.
  while (answers.length < 5000 && answers.at(-1)?.status !== 429) {
    answers.push(...(await Promise.all(Array.from({ length: 50 }, ask))));
  }
  const refused = answers.at(-1) as Response;
  expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(0);
  expect(await codeOf(refused)).toBe(ErrorCode.RATE_LIMITED);
});
