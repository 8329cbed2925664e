import { describe, expect, test } from "bun:test";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  ClientFrameSchema,
  type Event,
  ServerFrameSchema,
} from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { Counted } from "../support/counted.ts";
import { isCompiled } from "../support/process.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { RawPeer, type WireFrame } from "../support/raw_peer.ts";
import { register, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/wait.ts";

const GENERAL = 1;
const BINARY = 2;
const OFFER = "permessage-deflate; client_no_context_takeover; server_no_context_takeover";
const SMALL = "hello";
const LARGE = "the quick brown fox jumps over the lazy dog ".repeat(100);
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

const compressing = () => startServer({ compression: "on" });

async function enter(server: TestServer, name: string, subprotocol?: "hubbub.v1.json") {
  const { accessToken } = await register(server.url, name);
  const connection = await RawConnection.open(server.url, accessToken, subprotocol);
  await connection.expect("resumed", { case: "resume", value: {} });
  return connection;
}

async function enterRaw(server: TestServer, name: string, offer?: string): Promise<RawPeer> {
  const { accessToken } = await register(server.url, name);
  const peer = await RawPeer.open(server.url, accessToken, offer);
  peer.send(BINARY, resume);
  await until(() => eventsOf(peer).some(({ event }) => event.case === "resumed"));
  return peer;
}

const resume = toBinary(
  ClientFrameSchema,
  create(ClientFrameSchema, { request: 1, command: { case: "resume", value: {} } }),
);

/** As a client without context takeover compresses a message (RFC 7692, section 7.2.1). */
function deflated(payload: Uint8Array): Buffer {
  const whole = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH });
  return whole.subarray(0, -TAIL.length);
}

/** Each frame by itself: that is what was offered. */
function plain({ isCompressed, payload }: WireFrame): Buffer {
  if (!isCompressed) return payload;
  const finishFlush = constants.Z_SYNC_FLUSH;
  return inflateRawSync(Buffer.concat([payload, TAIL]), { finishFlush });
}

const eventsIn = (frame: WireFrame) => fromBinary(ServerFrameSchema, plain(frame)).events;

function eventsOf(peer: RawPeer): Event[] {
  const frames = peer.frames().filter(({ opcode }) => opcode === BINARY);
  return frames.flatMap(eventsIn);
}

/** The frames that brought a message, and how. */
function messagesOf(peer: RawPeer) {
  return peer.frames().flatMap((frame) => {
    if (frame.opcode !== BINARY) return [];
    const bodies = eventsIn(frame).flatMap(({ event }) =>
      event.case === "message" ? [event.value.body] : [],
    );
    return bodies.length === 0 ? [] : [{ bodies, isCompressed: frame.isCompressed }];
  });
}

describe("a server that compresses", () => {
  test("carries a conversation of Bun's own clients, in either encoding", async () => {
    await using server = await compressing();
    const ada = await enter(server, "ada");
    const bob = await enter(server, "bob");
    const eve = await enter(server, "eve", "hubbub.v1.json");
    for (const { extensions } of [ada, bob, eve]) {
      expect(extensions).toStartWith("permessage-deflate");
    }
    for (const body of [SMALL, LARGE, SMALL, LARGE]) {
      await ada.expect("sent", send(GENERAL, body));
    }
    for (const reader of [bob, eve]) {
      await reader.until(() => reader.messages().length === 4);
      expect(reader.messages().map(({ body }) => body)).toEqual([SMALL, LARGE, SMALL, LARGE]);
    }
    // What a session sends by itself is compressed as well, and read as well.
    const page = await bob.expect("historyPage", {
      case: "readHistory",
      value: { channel: GENERAL, limit: 10 },
    });
    expect(page.messages.map(({ body }) => body)).toEqual([SMALL, LARGE, SMALL, LARGE]);
  });

  test("leaves small frames as they are, and all of them for a client that did not ask", async () => {
    await using server = await compressing();
    const reader = await enterRaw(server, "reader", OFFER);
    const plainReader = await enterRaw(server, "plain");
    expect(reader.head).toMatch(/permessage-deflate;.*server_no_context_takeover/);
    expect(plainReader.head).not.toMatch(/permessage-deflate/);
    const ada = await enter(server, "ada");
    for (const body of [SMALL, LARGE]) await ada.expect("sent", send(GENERAL, body));
    await until(() => messagesOf(reader).length === 2 && messagesOf(plainReader).length === 2);
    expect(messagesOf(reader)).toEqual([
      { bodies: [SMALL], isCompressed: false },
      { bodies: [LARGE], isCompressed: true },
    ]);
    expect(messagesOf(plainReader).map(({ isCompressed }) => isCompressed)).toEqual([false, false]);
    for (const peer of [reader, plainReader]) peer.destroy();
  });

  test("reads compressed commands", async () => {
    await using server = await compressing();
    const peer = await enterRaw(server, "ada", OFFER);
    const command = { case: "send" as const, value: { channel: GENERAL, nonce: "n", body: LARGE } };
    const frame = create(ClientFrameSchema, { request: 7, command });
    peer.send(BINARY, deflated(toBinary(ClientFrameSchema, frame)), true);
    await until(() => eventsOf(peer).some(({ request }) => request === 7));
    expect(messagesOf(peer).map(({ bodies }) => bodies)).toEqual([[LARGE]]);
    peer.destroy();
  });

  test("holds what a frame inflates to against the limit of frames", async () => {
    await using server = await compressing();
    const frameBytes = 64 * 1024;
    const largest = await enterRaw(server, "largest", OFFER);
    // Nonsense, but of a size that may be sent, so it is answered.
    largest.send(BINARY, deflated(new Uint8Array(frameBytes)), true);
    await until(() => eventsOf(largest).some(({ event }) => event.case === "error"));
    for (const bytes of [frameBytes + 1, 60 * 1024 * 1024]) {
      const bomber = await enterRaw(server, `bomber_${bytes}`, OFFER);
      const bomb = deflated(new Uint8Array(bytes));
      expect(bomb.length).toBeLessThan(frameBytes);
      bomber.send(BINARY, bomb, true);
      await bomber.whenClosed();
    }
    expect((await Counted.by(server)).closes).toEqual({ "1006": 2 });
    // What Bun says of it is kept inside of the server.
    if (!isCompiled) {
      expect([...server.counters.closes]).toEqual([["1006 Received too big message", 2]]);
    }
    expect(largest.isClosed).toBe(false);
    largest.destroy();
  });
});

test("a server that does not compress agrees to nothing, and closes on what is compressed all the same", async () => {
  await using server = await startServer();
  const peer = await enterRaw(server, "ada", OFFER);
  expect(peer.head).not.toMatch(/sec-websocket-extensions/i);
  peer.send(BINARY, deflated(resume), true);
  await peer.whenClosed();
  const bob = await enter(server, "bob");
  expect(bob.extensions).toBe("");
});
