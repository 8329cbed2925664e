import { expect, test } from "bun:test";
import { backoffCeilingMs } from "../../src/client/backoff.ts";
import type { HubbubClient } from "../../src/client/client.ts";
import { CloseCode, closes } from "../../src/wire/codes.ts";
import { Random } from "../sim/random.ts";
import { FakeServer } from "./fake_server.ts";
import { clientOf, enters, next } from "./harness.ts";
import { ManualClock } from "./manual_clock.ts";

async function connected(options: Parameters<typeof clientOf>[1] = {}) {
  const server = new FakeServer();
  server.joined.add("general");
  const client = clientOf(server, options);
  await client.connect();
  return {
    server,
    client,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** The waits before the next `count` tries, all of which fail. */
async function waits(client: HubbubClient, clock: ManualClock, count: number) {
  const found: number[] = [];
  while (found.length < count) {
    const { retryInMs = Number.NaN } = await enters(client, "waiting");
    found.push(retryInMs);
    clock.advance(retryInMs);
  }
  return found;
}

test("back-off is exponential with full jitter, up to a cap", async () => {
  const clock = new ManualClock();
  const seed = Date.now() >>> 0;
  const random = new Random(seed);
  await using talk = await connected({ clock, random: () => random.next() });
  talk.server.refusal = 503;
  const found = waits(talk.client, clock, 10);
  talk.server.cut();
  const expected = new Random(seed);
  const ceilings = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000];
  expect(await found, `seed ${seed}`).toEqual(ceilings.map((ceiling) => expected.next() * ceiling));
});

test("the back-off's ceiling doubles from half a second to half a minute", () => {
  const ceilings = [0, 1, 2, 5, 6, 7, 10_000].map(backoffCeilingMs);
  expect(ceilings).toEqual([500, 1000, 2000, 16_000, 30_000, 30_000, 30_000]);
});

test("a connection that lasted sets the back-off back; one that is cut at once does not", async () => {
  const clock = new ManualClock();
  await using talk = await connected({ clock, random: () => 0.5 });
  const { server, client } = talk;
  const cutAfter = async (ms: number) => {
    clock.advance(ms);
    const waiting = enters(client, "waiting");
    server.cut();
    const { retryInMs = 0 } = await waiting;
    const online = enters(client, "online");
    clock.advance(retryInMs);
    await online;
    return retryInMs;
  };
  const found: number[] = [];
  for (const ms of [0, 0, 0, 60, 9_999]) found.push(await cutAfter(ms));
  expect(found).toEqual([250, 500, 1000, 2000, 250]);
});

const reconnecting = [1000, 1001, 1006, 1011, 4000, 4001, 4002, 4499];
test.each(reconnecting)("close code %i: connects again and resumes", async (code) => {
  await using talk = await connected();
  const { server, client } = talk;
  const back = enters(client, "online");
  const heard = next(client, "message");
  if (code === 1006) server.cut();
  else server.close(code);
  server.say("general", "meanwhile");
  await back;
  expect((await heard)[0].body).toBe("meanwhile");
});

const final = [
  CloseCode.PROTOCOL_ERROR,
  CloseCode.INVALID_TEXT,
  CloseCode.TOO_BIG,
  CloseCode.TOO_MANY_FAULTS,
  4502,
  4999,
];
test.each(final)("close code %i: stops, and says why", async (code) => {
  await using talk = await connected();
  const { server, client } = talk;
  const stopped = enters(client, "stopped");
  server.close(code, "because");
  const { error } = await stopped;
  expect(error?.code).toBe("REFUSED");
  expect(error?.text).toContain(`${code}: because`);
  expect(server.upgrades).toHaveLength(1);
});

test("close code 4500: refreshes the token once, and goes on if that is taken", async () => {
  await using talk = await connected();
  const { server, client } = talk;
  const back = enters(client, "online");
  server.close(CloseCode.SIGNED_OUT);
  await back;
  expect(server.calls).toEqual(["/auth/token", "/auth/refresh"]);
});

test("close code 4500: signed out, if the refresh token is refused", async () => {
  await using talk = await connected();
  const { server, client } = talk;
  server.accounts.signOutEverybody();
  const signedOut = next(client, "signedOut");
  server.close(CloseCode.SIGNED_OUT);
  expect((await signedOut)[0].code).toBe("SIGNED_OUT");
  expect(client.state).toBe("stopped");
  expect(server.calls).toEqual(["/auth/token", "/auth/refresh"]);
});

test("every close code of the table is tried above", () => {
  const tried: number[] = [...reconnecting, ...final, CloseCode.SIGNED_OUT];
  expect(tried).toEqual(expect.arrayContaining(Object.keys(closes).map(Number)));
});

/** Lets the server say that it goes away, and go. */
function goAway(server: FakeServer, afterMs: number, spreadMs: number): void {
  for (const peer of server.peers) {
    peer.send({ case: "goingAway", value: { afterMs, spreadMs } });
  }
  server.close(CloseCode.GOING_AWAY);
}

test("a server that goes away is left alone for as long as it said, and a random part more", async () => {
  const clock = new ManualClock();
  await using talk = await connected({ clock, random: () => 0.25 });
  const { server, client } = talk;
  const waiting = enters(client, "waiting");
  goAway(server, 2000, 1000);
  expect((await waiting).retryInMs).toBe(2250);
  const back = enters(client, "online");
  clock.advance(2250);
  await back;
});

test("a server that went away is tried as often as it asked for, for a minute; then by back-off", async () => {
  const clock = new ManualClock();
  await using talk = await connected({ clock, random: () => 0.5 });
  const { server, client } = talk;
  server.refusal = 503;
  const found = waits(client, clock, 36);
  goAway(server, 500, 2000);
  // The first as it said; then as long as it has been away, and no longer than its spread.
  const often = [1500, 1500, ...Array.from({ length: 29 }, () => 2000)];
  expect(await found).toEqual([...often, 250, 500, 1000, 2000, 4000]);
});

test("a new server that ends connections is not asked ever faster", async () => {
  const clock = new ManualClock();
  await using talk = await connected({ clock, random: () => 0.5 });
  const { server, client } = talk;
  const first = waits(client, clock, 1);
  const back = enters(client, "online");
  goAway(server, 500, 500);
  expect(await first).toEqual([750]);
  await back;
  const found: number[] = [];
  for (let round = 0; round < 3; round++) {
    const waiting = enters(client, "waiting");
    server.cut();
    const { retryInMs = 0 } = await waiting;
    found.push(retryInMs);
    const online = enters(client, "online");
    clock.advance(retryInMs);
    await online;
  }
  expect(found).toEqual([250, 500, 1000]);
});

test("a server that announced its going but stays is left by the client", async () => {
  const clock = new ManualClock();
  await using talk = await connected({ clock });
  const { server, client } = talk;
  const answered = client.ping();
  for (const peer of server.peers) {
    peer.send({ case: "goingAway", value: { afterMs: 2000, spreadMs: 0 } });
  }
  // The pong comes after the notice.
  await client.ping();
  await answered;
  const waiting = enters(client, "waiting");
  clock.advance(2000);
  expect((await waiting).retryInMs).toBe(0);
});

test("a socket that is not let in asks for a ticket, which tells that the token has expired", async () => {
  await using talk = await connected();
  const { server, client } = talk;
  server.accounts.access.clear();
  const back = enters(client, "online");
  server.cut();
  await back;
  expect(server.calls).toEqual(["/auth/token", "/auth/ticket", "/auth/refresh", "/auth/ticket"]);
  const last = server.upgrades.at(-1);
  expect(last?.get("Authorization")).toBeNull();
  expect(last?.get("Sec-WebSocket-Protocol")).toMatch(/^hubbub\.v1, ?ticket\./);
});

test("a server that is away for a while does not cost a refresh token", async () => {
  await using talk = await connected();
  const { server, client } = talk;
  server.refusal = 503;
  const refused = enters(client, "waiting").then(() => enters(client, "waiting"));
  server.cut();
  await refused;
  server.refusal = undefined;
  await enters(client, "online");
  expect(server.calls.filter((path) => path === "/auth/refresh")).toEqual([]);
});

test("a token near its end is refreshed before the next connection", async () => {
  const clock = new ManualClock();
  await using talk = await connected({ clock });
  const { server, client } = talk;
  const back = enters(client, "online");
  // Nothing is said for nearly ten minutes, but for the pings.
  for (let minutes = 0; minutes < 9.75; minutes += 0.25) {
    clock.advance(15_000);
    await client.ping();
  }
  const waiting = enters(client, "waiting");
  server.cut();
  await waiting;
  clock.advance(0);
  await back;
  expect(server.calls).toEqual(["/auth/token", "/auth/refresh"]);
});

test("a silent server is asked, and then given up", async () => {
  const clock = new ManualClock();
  await using talk = await connected({ clock });
  const { server, client } = talk;
  const asked = Promise.withResolvers<void>();
  server.command = (_, __, { case: name }) => {
    if (name === "ping") asked.resolve();
    return false;
  };
  clock.advance(30_000);
  await asked.promise;
  expect(client.state).toBe("online");
  // Its ping has not been answered either.
  const waiting = enters(client, "waiting");
  clock.advance(60_000);
  expect((await waiting).error?.code).toBe("DISCONNECTED");
});

test("a server that never says welcome is given up", async () => {
  const clock = new ManualClock();
  await using server = new FakeServer();
  server.welcomes = false;
  await using client = clientOf(server, { clock });
  const waiting = enters(client, "waiting");
  client.connect().catch(() => {});
  while (server.peers.size === 0) await Bun.sleep(1);
  clock.advance(15_000);
  expect((await waiting).error?.text).toContain("no welcome in time");
});

test("a command that is not answered in time ends the connection", async () => {
  const clock = new ManualClock();
  await using talk = await connected({ clock, answerMs: 5000 });
  const { server, client } = talk;
  const received = Promise.withResolvers<void>();
  server.command = (_, __, { case: name }) => {
    if (name === "listChannels") received.resolve();
    return name !== "listChannels";
  };
  const waiting = enters(client, "waiting");
  const list = client.listChannels();
  await received.promise;
  clock.advance(5000);
  await expect(list).rejects.toMatchObject({ code: "TIMED_OUT" });
  await waiting;
});

test("a frame that cannot be read ends the connection, and nothing of it is handed out", async () => {
  await using talk = await connected();
  const { server, client } = talk;
  const waiting = enters(client, "waiting");
  for (const { socket } of server.peers) socket.send(new Uint8Array([0x0a, 0x7f, 0x01]));
  expect((await waiting).error?.text).toContain("cannot be read");
  await enters(client, "online");
});

test("the JSON subprotocol carries the same conversation", async () => {
  await using talk = await connected({ subprotocol: "hubbub.v1.json" });
  const { server, client } = talk;
  const heard = next(client, "message");
  const { id } = await client.join("general");
  expect(await client.send(id, "hello")).toMatchObject({ seq: 1 });
  expect((await heard)[0].body).toBe("hello");
  expect(server.upgrades[0]?.get("Sec-WebSocket-Protocol")).toBe("hubbub.v1.json");
});
