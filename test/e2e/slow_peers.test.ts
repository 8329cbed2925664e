import { describe, expect, test } from "bun:test";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { CloseCode } from "../../src/wire/codes.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import {
  ClientFrameSchema,
  type Event,
  ServerFrameSchema,
} from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { Counted } from "../support/counted.ts";
import { isCompiled } from "../support/process.ts";
import { RawConnection, send, type ValueOf } from "../support/raw_connection.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { register, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/wait.ts";

const GENERAL = 1;
const KIB = 1024;
const MIB = 1024 * KIB;
const PATIENCE_MS = 90_000;

/** Nobody is held back by a rate, and large messages fill buffers soon. */
const OPEN = {
  messagesPerSecond: 1_000_000,
  messageBurst: 1_000_000,
  durability: "committed",
  queueBytes: 256 * MIB,
  frameBytes: 2 * MIB,
  bodyBytes: MIB,
};

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

async function enter(server: TestServer, name: string): Promise<RawConnection> {
  const { accessToken } = await register(server.url, name);
  const connection = await RawConnection.open(server.url, accessToken);
  await connection.expect("resumed", { case: "resume", value: {} });
  return connection;
}

/** A peer that has sent its first commands and then, if so wished, reads nothing. */
async function enterRaw(server: TestServer, name: string): Promise<RawPeer> {
  const { accessToken } = await register(server.url, name);
  return RawPeer.open(server.url, accessToken);
}

type Command = NonNullable<MessageInitShape<typeof ClientFrameSchema>["command"]>;

function command(peer: RawPeer, request: number, command: Command): void {
  peer.send(2, toBinary(ClientFrameSchema, create(ClientFrameSchema, { request, command })));
}

function eventsOf(peer: RawPeer): Event[] {
  return peer
    .frames()
    .filter(({ opcode }) => opcode === 2)
    .flatMap(({ payload }) => fromBinary(ServerFrameSchema, payload).events);
}

function valuesOf<C extends "message" | "slowConsumer" | "resumed">(peer: RawPeer, name: C) {
  return eventsOf(peer).flatMap(({ event }) =>
    event.case === name ? [event.value as ValueOf<C>] : [],
  );
}

const numbers = (messages: readonly { seq: number }[]) => messages.map(({ seq }) => seq);

/** @param bytes what must have come before: looking through it all takes time. */
function untilAnswered(peer: RawPeer, request: number, bytes = 0): Promise<void> {
  return until(
    () =>
      peer.socket.bytesRead >= bytes && eventsOf(peer).some((event) => event.request === request),
  );
}

/** Sends messages of about that size and waits for their acknowledgements. */
async function talk(connection: RawConnection, count: number, bytes: number): Promise<void> {
  const requests = upTo(count).map(() => connection.post(send(GENERAL, "x".repeat(bytes))));
  for (const request of requests) expect((await connection.answerTo(request)).case).toBe("sent");
}

async function present(server: TestServer) {
  const counted = await Counted.by(server);
  return {
    connections: counted.value("hubbub_connections"),
    accounts: counted.value("hubbub_accounts_active"),
  };
}

const connections = async (server: TestServer) => (await present(server)).connections;
const deliveries = async (server: TestServer) =>
  (await Counted.by(server)).value("hubbub_deliveries_total");

/** One connection has ended, and for this; what Bun says beside the code is kept inside of the server. */
async function expectClosesSaid(server: TestServer, label: string): Promise<void> {
  const [code = ""] = label.split(" ");
  expect((await Counted.by(server)).closes).toEqual({ [code]: 1 });
  if (!isCompiled) expect([...server.counters.closes]).toEqual([[label, 1]]);
}

describe("a peer that does not read", () => {
  test(
    "is closed past its limit with a code to resume, and the others miss nothing",
    async () => {
      await using server = await startServer({
        ...OPEN,
        frameBytes: 512 * KIB,
        bodyBytes: 256 * KIB,
        outboundBytes: 512 * KIB,
      });
      const ada = await enter(server, "ada");
      const carol = await enter(server, "carol");
      const bob = await enterRaw(server, "bob");
      command(bob, 1, { case: "resume", value: {} });
      await untilAnswered(bob, 1);
      bob.pause();
      let sent = 0;
      while ((await Counted.by(server)).closed(CloseCode.SLOW_CONSUMER) === 0) {
        await talk(ada, 4, 64 * KIB);
        sent += 4;
      }
      await talk(ada, 20, 64 * KIB);
      sent += 20;
      for (const other of [ada, carol]) {
        await other.until(() => other.messages().length === sent);
        expect(numbers(other.messages())).toEqual(upTo(sent));
      }
      expect(await connections(server)).toBe(2);

      bob.resume();
      await bob.whenClosed();
      expect(bob.closeCode()).toBe(CloseCode.SLOW_CONSUMER);
      // What it got is a beginning without a gap, from where it can resume.
      const got = numbers(valuesOf(bob, "message"));
      expect(got).toEqual(upTo(got.length));
      expect(got.length).toBeLessThan(sent);
    },
    PATIENCE_MS,
  );

  test(
    "is warned at half of its limit, and stays if it reads then",
    async () => {
      const outboundBytes = 64 * MIB;
      await using server = await startServer({ ...OPEN, outboundBytes, sessionsPerUser: 100 });
      const ada = await enter(server, "ada");
      const { accessToken } = await register(server.url, "bob");
      let notices: ValueOf<"slowConsumer">[] = [];
      // The server looks a few times a second; a round that falls between two looks is repeated.
      await until(async () => {
        const bob = await RawPeer.open(server.url, accessToken);
        command(bob, 1, { case: "resume", value: {} });
        await untilAnswered(bob, 1);
        bob.pause();
        // Three quarters of the limit: what the kernel keeps of it is much less than the fourth.
        await talk(ada, 48, MIB - KIB);
        command(bob, 2, { case: "ping", value: {} });
        bob.resume();
        await untilAnswered(bob, 2, 48 * (MIB - KIB));
        notices = valuesOf(bob, "slowConsumer");
        expect(valuesOf(bob, "message").length).toBe(48);
        expect(bob.isClosed).toBe(false);
        bob.destroy();
        return notices.length > 0;
      });
      expect(notices.length).toBe(1);
      expect(notices[0]?.bufferedBytes).toBeGreaterThan(outboundBytes / 2);
      expect(notices[0]?.bufferedBytes).toBeLessThanOrEqual(outboundBytes);
      expect((await Counted.by(server)).closed(CloseCode.SLOW_CONSUMER)).toBe(0);
    },
    PATIENCE_MS,
  );

  test.each([0, 256 * MIB])(
    "is fed a long history page by page and gets all of it once it reads (ring of %i bytes)",
    async (ringBytes) => {
      // A hundredth of what the peer has to catch up with.
      const outboundBytes = 512 * KIB;
      await using server = await startServer({
        ...OPEN,
        frameBytes: 512 * KIB,
        bodyBytes: 256 * KIB,
        outboundBytes,
        ringBytes,
      });
      const ada = await RawConnection.open(
        server.url,
        (await register(server.url, "ada")).accessToken,
      );
      const history = 800;
      for (let written = 0; written < history; written += 100) await talk(ada, 100, 60 * KIB);

      const bob = await enterRaw(server, "bob");
      bob.pause();
      const cursors = [{ channel: GENERAL, after: 0 }];
      command(bob, 1, { case: "resume", value: { cursors } });
      await until(async () => (await deliveries(server)) > 0);
      // Meanwhile the server has time for everything else, and the channel goes on.
      const later = 100;
      for (let index = 0; index < later; index++) await talk(ada, 1, 100);
      expect(await deliveries(server)).toBeLessThan(history / 2);
      expect((await Counted.by(server)).closes).toEqual({});

      bob.resume();
      await untilAnswered(bob, 1, history * 60 * KIB);
      expect(numbers(valuesOf(bob, "message"))).toEqual(upTo(history + later));
      await talk(ada, 1, 100);
      await until(() => valuesOf(bob, "message").at(-1)?.seq === history + later + 1);
      expect((await Counted.by(server)).closes).toEqual({});
      bob.destroy();
    },
    PATIENCE_MS,
  );
});

describe("a peer that says nothing", () => {
  test(
    "is closed when it answers no ping, and counted; one that answers stays",
    async () => {
      await using server = await startServer({ idleSeconds: 8 });
      const silent = await enterRaw(server, "silent");
      const alive = await enterRaw(server, "alive");
      const library = await enter(server, "library");
      let answered = 0;
      await until(async () => {
        const pings = alive.frames().filter(({ opcode }) => opcode === 9);
        for (const { payload } of pings.slice(answered)) alive.send(10, payload);
        answered = pings.length;
        return (await connections(server)) < 3;
      });
      await silent.whenClosed();
      expect(answered).toBeGreaterThan(0);
      await expectClosesSaid(server, "1006 WebSocket timed out from inactivity");
      command(alive, 1, { case: "ping", value: {} });
      await untilAnswered(alive, 1);
      await library.expect("pong", { case: "ping", value: {} });
      alive.destroy();
    },
    PATIENCE_MS,
  );

  test(
    "and is cut off without a close frame frees its place",
    async () => {
      await using server = await startServer({ sessionsPerUser: 1 });
      const { accessToken } = await register(server.url, "ada");
      const ada = await RawPeer.open(server.url, accessToken);
      expect(await present(server)).toEqual({ connections: 1, accounts: 1 });
      const refused = await RawPeer.open(server.url, accessToken).catch((error: Error) => error);
      expect(String(refused)).toContain("TOO_MANY_SESSIONS");
      ada.destroy();
      await until(async () => (await connections(server)) === 0);
      expect(await present(server)).toEqual({ connections: 0, accounts: 0 });
      const again = await RawPeer.open(server.url, accessToken);
      expect(await present(server)).toEqual({ connections: 1, accounts: 1 });
      again.destroy();
    },
    PATIENCE_MS,
  );
});

describe("a peer that sends too much", () => {
  test(
    "is refused with a time to wait, closed if it goes on, and felt by nobody",
    async () => {
      const limits = { messageBurst: 50, messagesPerSecond: 1, refusalsBeforeClose: 100 };
      await using server = await startServer(limits);
      const greedy = await enter(server, "greedy");
      const bob = await enter(server, "bob");
      const requests = upTo(300).map(() => greedy.post(send(GENERAL, "me!")));
      for (const body of ["one", "two", "three"]) await bob.expect("sent", send(GENERAL, body));
      expect((await greedy.untilClosed()).code).toBe(CloseCode.TOO_MANY_REFUSALS);
      const counted = await Counted.by(server);
      expect(counted.closed(CloseCode.TOO_MANY_REFUSALS)).toBe(1);

      const refusals = greedy.events.flatMap(({ event }) =>
        event.case === "error" ? [event.value] : [],
      );
      expect(refusals.length).toBeGreaterThan(99);
      for (const { code, retryAfterMs } of refusals) {
        expect(code).toBe(ErrorCode.RATE_LIMITED);
        expect(retryAfterMs).toBeGreaterThan(0);
        expect(retryAfterMs).toBeLessThanOrEqual(1000);
      }
      expect(counted.refusals("RATE_LIMITED")).toBeGreaterThanOrEqual(refusals.length);
      // One answer each, up to the end.
      const answered = greedy.events
        .map(({ request }) => request)
        .filter((request) => requests.includes(request));
      expect(new Set(answered).size).toBe(answered.length);
      expect((await bob.ask(send(GENERAL, "four"))).case).toBe("sent");
    },
    PATIENCE_MS,
  );

  test(
    "has one budget, over all of its connections and those to come",
    async () => {
      const limits = { messageBurst: 200, messagesPerSecond: 1, refusalsBeforeClose: 10_000 };
      await using server = await startServer(limits);
      const { accessToken } = await register(server.url, "ada");
      const open = () => RawConnection.open(server.url, accessToken);
      const spend = async (connection: RawConnection) => {
        const requests = upTo(200).map(() => connection.post(send(GENERAL, "me!")));
        const answers = await Promise.all(requests.map((request) => connection.answerTo(request)));
        return answers.filter((answer) => answer.case === "sent").length;
      };
      const [desk, phone] = await Promise.all([open(), open()]);
      const sent = await Promise.all([spend(desk), spend(phone)]);
      await desk.close();
      await phone.close();
      await until(async () => (await connections(server)) === 0);
      const later = await spend(await open());
      // One comes back each second: far from the 600 of three budgets.
      const total = sent[0] + sent[1] + later;
      expect(total).toBeGreaterThanOrEqual(200);
      expect(total).toBeLessThan(400);
    },
    PATIENCE_MS,
  );

  test(
    "in one frame is closed, and counted",
    async () => {
      await using server = await startServer({ frameBytes: 2 * KIB, bodyBytes: KIB });
      const ada = await enter(server, "ada");
      ada.sendRaw(new Uint8Array(2 * KIB + 1));
      expect((await ada.untilClosed()).code).toBe(CloseCode.TOO_BIG);
      await until(async () => (await connections(server)) === 0);
      await expectClosesSaid(server, "1006 Received too big message");
    },
    PATIENCE_MS,
  );
});
