import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { SignInAnswer } from "../../src/auth/schemas.ts";
import { until } from "../support/wait.ts";
import { AuthServer, type ErrorBody, PASSWORD, PEER, SIGN_IN_TIMEOUT_MS } from "./auth_server.ts";
import { InstantWorker } from "./instant_worker.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

const DAY_MS = 24 * 60 * 60 * 1000;
const HOME = "198.51.100.1";

/** A server behind a proxy, whose hasher takes no time. */
async function guarded(overrides: Parameters<typeof AuthServer.start>[0] = {}) {
  const worker = new InstantWorker();
  const settings = { trustedProxies: [PEER], startWorker: () => worker, ...overrides };
  return Object.assign(await AuthServer.start(settings), { worker });
}

const address = (index: number) => `203.0.${index >> 8}.${index & 255}`;

describe("whoever guesses passwords", () => {
  test("from a hundred addresses has a hundred guesses, and cannot lock out the owner's device", async () => {
    await using server = await guarded();
    const { device } = await server.register();
    for (let index = 0; index < 100; index += 1) {
      expect((await server.try("ada", `wrong guess ${index}`, address(index))).status).toBe(401);
    }
    const hashes = server.counters.hashes;
    const next = await server.try("ada", PASSWORD, address(100));
    expect(next.body.error.code).toBe("RATE_LIMITED");
    const { retry_after_ms: retryAfterMs = 0 } = next.body.error;
    expect(next.headers.get("retry-after")).toBe(String(Math.ceil(retryAfterMs / 1000)));
    expect(server.counters.hashes).toBe(hashes);

    // The owner's, from wherever; and other accounts are not concerned.
    expect((await server.try("ada", PASSWORD, HOME, device)).status).toBe(200);
    expect((await server.try("ada", PASSWORD, address(7), device)).status).toBe(200);
    expect((await server.try("bob", PASSWORD, address(100))).status).toBe(401);
    server.clockMs += retryAfterMs;
    expect((await server.try("ada", PASSWORD, HOME)).status).toBe(200);
  });

  test("from one address waits longer and longer, and the same for names that do not exist", async () => {
    await using server = await guarded();
    await server.register();
    const answersFor = async (name: string, from: string) => {
      const answers: string[] = [];
      for (let index = 0; index < 8; index += 1) {
        const { status, text, headers } = await server.try(name, "a wrong password", from);
        answers.push(`${status} ${headers.get("retry-after")} ${text}`);
        server.clockMs += 900;
      }
      return answers;
    };
    const known = await answersFor("ada", address(1));
    expect(known.map((answer) => answer.slice(0, 3))).toEqual([
      "401",
      "401",
      "401",
      "401",
      "401",
      "429",
      "401",
      "429",
    ]);
    expect(await answersFor("eve", address(2))).toEqual(known);
    expect((await server.try("ada", PASSWORD, HOME)).status).toBe(200);
  });

  test("for nobody's name takes the same way: one check, counted and refused alike", async () => {
    await using server = await guarded();
    await server.register();
    server.worker.orders.length = 0;
    const answers: string[] = [];
    for (const name of ["ada", "eve", "no such name!", "x".repeat(500), ""]) {
      const answer = await server.try(name, "a wrong password", address(1));
      const { headers } = answer;
      headers.delete("date");
      answers.push(JSON.stringify([answer.status, answer.text, [...headers].sort()]));
    }
    expect(new Set(answers).size).toBe(1);
    expect(server.worker.orders).toEqual(["verify", ...Array(4).fill("verify nobody")]);
    expect(server.counters.signInWaitMs.count).toBe(6);
    expect(server.counters.refusals.get("INVALID_CREDENTIALS")).toBe(5);
  });

  test("cannot make up a device, nor use another account's, nor one of years ago", async () => {
    await using server = await guarded();
    const { device } = await server.register();
    const eve = await server.register("eve");
    for (let index = 0; index < 100; index += 1) {
      await server.try("ada", `wrong guess ${index}`, address(index));
    }
    const [day, id] = device.split(".");
    const markers = [
      "",
      "made up",
      eve.device,
      `${day}.${id}.${"A".repeat(43)}`,
      `${Number(day) + 1}.${device.slice(device.indexOf(".") + 1)}`,
      `${device}x`,
    ];
    for (const [index, marker] of markers.entries()) {
      const answer = await server.try("ada", PASSWORD, address(200 + index), marker);
      expect(answer.body.error?.code).toBe("RATE_LIMITED");
    }
    server.nowMs += 400 * DAY_MS;
    expect((await server.try("ada", PASSWORD, HOME, device)).status).toBe(200);
    server.nowMs += DAY_MS;
    expect((await server.try("ada", PASSWORD, HOME, device)).status).toBe(429);
  });

  test("is a stranger again when the password has changed, however often he had signed in", async () => {
    await using server = await guarded();
    const owner = await server.register();
    const { device: thief } = await server.signIn();
    const body = { current_password: PASSWORD, new_password: "another password" };
    const change = await server.as<SignInAnswer>(
      owner.access_token,
      "POST",
      "/auth/password",
      body,
    );
    // One known device would wait after five of its own.
    for (let index = 0; index < 100; index += 1) {
      const answer = await server.try("ada", `wrong guess ${index}`, address(index), thief);
      expect(answer.status).toBe(401);
    }
    const next = await server.try("ada", "wrong guess 100", address(100), thief);
    expect(next.body.error.code).toBe("RATE_LIMITED");
    const { device } = change.body;
    expect((await server.try("ada", "another password", HOME, device)).status).toBe(200);
  });

  test("on the known device itself waits, too", async () => {
    await using server = await guarded();
    const { device } = await server.register();
    const statuses: number[] = [];
    for (let index = 0; index < 6; index += 1) {
      statuses.push((await server.try("ada", `wrong guess ${index}`, HOME, device)).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  });

  test("by changing a password that is not theirs has five guesses, and makes nobody else wait", async () => {
    await using server = await guarded();
    const stolen = await server.register();
    const statuses: number[] = [];
    for (let index = 0; index < 6; index += 1) {
      const body = { current_password: `wrong guess ${index}`, new_password: "another password" };
      const answer = await server.as(stolen.access_token, "POST", "/auth/password", body);
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    const { access_token } = await server.signIn();
    const body = { current_password: PASSWORD, new_password: "another password" };
    expect((await server.as(access_token, "POST", "/auth/password", body)).status).toBe(200);
  });

  test("whose name is taken, by registering, is one network with an allowance", async () => {
    await using server = await guarded({ triesPerMinute: 10 });
    await server.register();
    const probe = () =>
      server.post(
        "/auth/register",
        { name: "ada", password: PASSWORD },
        { "x-forwarded-for": HOME },
      );
    const statuses: number[] = [];
    for (let index = 0; index < 12; index += 1) statuses.push((await probe()).status);
    expect(statuses).toEqual([...Array(10).fill(409), 429, 429]);
    expect(server.worker.orders).toEqual(["hash"]);
  });
});

describe("an address", () => {
  test("that is forged changes nothing: X-Forwarded-For counts only from a trusted proxy", async () => {
    await using server = await guarded({ trustedProxies: [], triesPerMinute: 10 });
    const statuses: number[] = [];
    for (let index = 0; index < 12; index += 1) {
      statuses.push((await server.try(`name${index}`, PASSWORD, address(index))).status);
    }
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    // The operator is told, once.
    expect(server.logged.filter((line) => line.includes("X-Forwarded-For"))).toHaveLength(1);
  });

  test("that is forged before a trusted proxy adds the real one changes nothing either", async () => {
    await using server = await guarded({ triesPerMinute: 10 });
    const statuses: number[] = [];
    for (let index = 0; index < 12; index += 1) {
      const forged = `${address(index)}, 127.0.0.1, ${HOME}`;
      statuses.push((await server.try(`name${index}`, PASSWORD, forged)).status);
    }
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    expect((await server.try("eve", PASSWORD, "198.51.100.2")).status).toBe(401);
  });

  test("in IPv6 is its /64, for whoever has one of it has them all", async () => {
    await using server = await guarded({ triesPerMinute: 10 });
    const statuses: number[] = [];
    for (let index = 0; index < 12; index += 1) {
      const rotated = `2001:db8:1:2:${index.toString(16)}::${(index * 199).toString(16)}`;
      statuses.push((await server.try(`name${index}`, PASSWORD, rotated)).status);
    }
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    expect((await server.try("eve", PASSWORD, "2001:db8:1:3::1")).status).toBe(401);
  });

  test("that is used up by others leaves the known device a few tries", async () => {
    await using server = await guarded({ triesPerMinute: 1 });
    const { device } = await server.register();
    await server.try("eve", "a wrong password", HOME);
    expect((await server.try("ada", PASSWORD, HOME)).status).toBe(429);
    expect((await server.try("ada", PASSWORD, HOME, device)).status).toBe(200);
  });
});

describe("the queue", () => {
  test("overflows into 503 with different times to come back, and does not grow", async () => {
    await using server = await guarded({ hashQueue: 5 });
    const { device } = await server.register();
    server.worker.hold();
    const crowd = Array.from({ length: 60 }, (_, index) =>
      server.try(`name${index}`, PASSWORD, address(index)),
    );
    await until(() => server.counters.refusals.get("SIGN_IN_BUSY") === 54);
    expect(server.counters.signInsWaiting).toBe(5);
    // The owner's device has a lane of its own.
    const owner = server.try("ada", PASSWORD, HOME, device);
    await until(() => server.counters.signInsWaiting === 6);
    server.worker.release();
    expect((await owner).status).toBe(200);
    const refused = (await Promise.all(crowd)).filter(({ status }) => status === 503);
    expect(refused).toHaveLength(54);
    const waits = refused.map(({ body }) => (body as ErrorBody).error.retry_after_ms ?? 0);
    expect(new Set(waits).size).toBeGreaterThan(10);
    for (const [index, waitMs] of waits.entries()) {
      expect(waitMs).toBeGreaterThan(0);
      const header = refused[index]?.headers.get("retry-after");
      expect(header).toBe(String(Math.ceil(waitMs / 1000)));
    }
    expect(server.counters.signInsWaiting).toBe(0);
  });

  test("does not hold it against anybody that there was no place", async () => {
    await using server = await guarded({ hashQueue: 0 });
    await server.register();
    server.worker.hold();
    const running = server.try("eve", PASSWORD, address(1));
    await until(() => server.worker.orders.length === 2);
    for (let index = 0; index < 10; index += 1) {
      expect((await server.try("ada", PASSWORD, HOME)).status).toBe(503);
    }
    server.worker.release();
    await running;
    expect((await server.try("ada", PASSWORD, HOME)).status).toBe(200);
  });

  test("is left by a client that hangs up, whose password is then never hashed", async () => {
    await using server = await guarded();
    await server.register();
    server.worker.hold();
    const running = server.try("ada", PASSWORD, HOME);
    await until(() => server.worker.orders.length === 2);
    const client = new AbortController();
    const gone = fetch(`${server.origin}/auth/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "eve", password: PASSWORD }),
      signal: client.signal,
    }).catch(() => "gone");
    await until(() => server.counters.signInsWaiting === 1);
    client.abort();
    expect(await gone).toBe("gone");
    await until(() => server.counters.signInsAbandoned === 1);
    expect(server.counters.signInsWaiting).toBe(0);
    server.worker.release();
    expect((await running).status).toBe(200);
    expect(server.worker.orders).toEqual(["hash", "verify"]);
  });

  test("lets one wait for each account, so that it is not filled with one name", async () => {
    await using server = await guarded();
    const { device } = await server.register();
    server.worker.hold();
    const running = server.try("eve", PASSWORD, address(0));
    await until(() => server.worker.orders.length === 2);
    const crowd = [1, 2, 3, 4].map((index) =>
      server.try("ada", `wrong guess ${index}`, address(index)),
    );
    await until(() => server.counters.refusals.get("SIGN_IN_BUSY") === 3);
    const owner = server.try("ada", PASSWORD, HOME, device);
    await until(() => server.counters.signInsWaiting === 2);
    server.worker.release();
    expect((await owner).status).toBe(200);
    await Promise.all([running, ...crowd]);
  });
});
