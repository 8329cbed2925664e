import { describe, expect, test } from "bun:test";
import { constants, deflateRawSync } from "node:zlib";
import type { Result } from "../../loadtest/result.ts";
import { hubbubAddress } from "../../loadtest/tester/address.ts";
import { FrameReader } from "../../loadtest/tester/frame_reader.ts";
import { OFFERED_EXTENSION, readHandshake } from "../../loadtest/tester/handshake.ts";
import { FrameError, Inflater } from "../../loadtest/tester/inflater.ts";
import { TesterSocket } from "../../loadtest/tester/socket.ts";
import { PATIENCE_MS } from "../support/command.ts";
import { ended, loadtest } from "./process.ts";

const BINARY = 0x82;
const COMPRESSED_BINARY = 0xc2;
const MESSAGE = Buffer.from("a message, a message, a message, a message, a message");

function deflated(payload: Uint8Array): Buffer {
  return deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

function frame(first: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const head =
    length < 126 ? Buffer.from([first, length]) : Buffer.from([first, 126, length >> 8, length]);
  return Buffer.concat([head, payload]);
}

/** What a reader hands out of a stream of frames. */
function read(inflater: Inflater | undefined, ...frames: Buffer[]): string[] {
  const seen: string[] = [];
  const reader = new FrameReader((opcode, bytes, from, to) => {
    seen.push(`${opcode} ${Buffer.from(bytes.subarray(from, to)).toString()}`);
  });
  reader.inflater = inflater;
  reader.read(Buffer.concat(frames));
  return seen;
}

describe("the tester", () => {
  const whole = frame(COMPRESSED_BINARY, deflated(MESSAGE));

  test("inflates compressed messages, the same ones again and in fragments", () => {
    const compressed = deflated(MESSAGE);
    const fragments = [
      frame(0x42, compressed.subarray(0, 5)),
      frame(0x89, Buffer.from("ping")),
      frame(0x80, compressed.subarray(5)),
    ];
    const other = frame(COMPRESSED_BINARY, deflated(Buffer.from("another")));
    const seen = read(new Inflater(), whole, whole, frame(BINARY, MESSAGE), other, ...fragments);
    const message = `2 ${MESSAGE}`;
    expect(seen).toEqual([message, message, message, "2 another", "9 ping", message]);
  });

  test("inflates what any sender may have compressed", () => {
    const random = Buffer.from(crypto.getRandomValues(new Uint8Array(300)));
    const inflater = new Inflater();
    for (const payload of [Buffer.alloc(0), Buffer.of(1), random, Buffer.alloc(100_000, 7)]) {
      const bytes = Buffer.concat([Buffer.of(9, 9), deflated(payload), Buffer.of(9)]);
      const plain = inflater.inflate(bytes, 2, bytes.length - 1);
      expect(Buffer.from(plain).equals(payload)).toBe(true);
    }
  });

  test.each([
    ["a compressed message where nothing was agreed on", undefined, whole],
    ["a compressed ping", new Inflater(), frame(0xc9, deflated(MESSAGE))],
    ["a reserved bit that means nothing", new Inflater(), frame(0xa2, MESSAGE)],
    ["a message that only says it is compressed", new Inflater(), frame(0xc2, MESSAGE)],
  ])("refuses %s", (_, inflater, bytes) => {
    expect(() => read(inflater, bytes)).toThrow(FrameError);
  });

  test("refuses a continuation that is marked compressed, as only the beginning of a message may be", () => {
    const parts = [frame(0x42, deflated(MESSAGE)), frame(0xc0, Buffer.alloc(0))];
    expect(() => read(new Inflater(), ...parts)).toThrow(FrameError);
  });

  test("refuses a message that would inflate beyond 16 MiB", () => {
    const bomb = deflated(Buffer.alloc(16 * 1024 * 1024 + 1));
    expect(() => new Inflater().inflate(bomb, 0, bomb.length)).toThrow(FrameError);
  });

  test.each([
    ["", undefined, false],
    [OFFERED_EXTENSION, undefined, true],
    ["permessage-deflate;server_no_context_takeover", undefined, true],
    // The server would keep its window from message to message, which the tester does not.
    ["permessage-deflate", "EXTENSION_NOT_OFFERED", false],
    ["x-webkit-deflate-frame", "EXTENSION_NOT_OFFERED", false],
  ])("told that the server takes %j", (extension, refusal, deflates) => {
    const line = extension === "" ? "" : `Sec-WebSocket-Extensions: ${extension}\r\n`;
    const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n${line}\r\n`;
    const bytes = head.length;
    expect(readHandshake(Buffer.from(`${head}rest`))).toEqual({ bytes, refusal, deflates });
  });

  test("reads what Bun compresses, and tells of a server that compresses unasked", async () => {
    const payload = "all of it again, ".repeat(100);
    const hear = async (url: string) => {
      const heard = Promise.withResolvers<string>();
      const socket = new TesterSocket(hubbubAddress(url, "token", "hubbub.v1"), {
        binary: (bytes, from, to) => heard.resolve(Buffer.from(bytes.slice(from, to)).toString()),
        text: heard.resolve,
        closed: heard.resolve,
      });
      const words = await heard.promise;
      socket.close();
      return words;
    };
    using honest = Bun.serve({
      port: 0,
      fetch: (request, server) =>
        server.upgrade(request) ? undefined : new Response(null, { status: 400 }),
      websocket: {
        perMessageDeflate: true,
        open: (socket) => void socket.sendBinary(Buffer.from(payload), true),
        message() {},
      },
    });
    expect(await hear(`http://127.0.0.1:${honest.port}`)).toBe(payload);

    const answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    using rude = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.write(Buffer.concat([Buffer.from(answer), whole])) },
    });
    expect(await hear(`http://127.0.0.1:${rude.port}`)).toBe("INVALID_FRAME");
  });

  test.each(["protobuf", "json"])(
    "finds nothing wrong with a server that compresses, in %s",
    async (encoding) => {
      const few = ["--users", "6", "--actions", "4", "--time-scale", "20"];
      const large = ["--body-words", "200-300", "--server-setting", "compression=on"];
      const { output, exitCode } = await ended(
        loadtest(...few, ...large, "--encoding", encoding, "--json"),
      );
      // On a busy machine the tester may be its own bottleneck.
      expect([0, 3]).toContain(exitCode);
      const { integrity, errors, totals } = JSON.parse(output) as Result;
      expect(integrity).toEqual({ lost: 0, doubled: 0, reordered: 0, examples: [] });
      expect(errors).toEqual({});
      expect(totals.deliveries).toBeGreaterThan(totals.messagesSent);
    },
    PATIENCE_MS,
  );
});
