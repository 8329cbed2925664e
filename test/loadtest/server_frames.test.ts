import { describe, expect, test } from "bun:test";
import { create, fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import fc from "fast-check";
import { encodeSend } from "../../loadtest/tester/client_frames.ts";
import { FrameReader } from "../../loadtest/tester/frame_reader.ts";
import { KnownFrames } from "../../loadtest/tester/known_frames.ts";
import { walkFrame, walkJsonFrame } from "../../loadtest/tester/server_frames.ts";
import { readStampOfText, stampOf } from "../../loadtest/tester/stamp.ts";
import { MessageSchema } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import {
  ClientFrameSchema,
  type Event,
  EventSchema,
  type ServerFrame,
  ServerFrameSchema,
} from "../../src/wire/gen/hubbub/v1/frames_pb.ts";

const uint32 = fc.oneof(fc.nat(300), fc.nat(0xffff), fc.integer({ min: 0, max: 0xffffffff }));
const text = fc.string({ unit: "binary", maxLength: 300 });
const body = fc.oneof(
  text,
  fc
    .tuple(fc.integer({ min: 1, max: 2 ** 52 }), text)
    .map(([us, rest]) => `${stampOf(us)} ${rest}`),
);

const message = fc
  .record({
    seq: uint32,
    channel: uint32,
    authorId: uint32,
    author: text,
    timeMs: fc.double(),
    body,
  })
  .map((value) => ({ case: "message" as const, value }));
const sent = fc
  .record({ channel: uint32, seq: uint32, timeMs: fc.double(), duplicate: fc.boolean() })
  .map((value) => ({ case: "sent" as const, value }));
const pong = fc.double().map((timeMs) => ({ case: "pong" as const, value: { timeMs } }));
const left = uint32.map((channel) => ({ case: "left" as const, value: { channel } }));
const event = fc.record({ request: uint32, event: fc.oneof(message, sent, pong, left) });

/** What the walk should tell of an event, in a form that compares well. */
function told({ request, event }: Event): string {
  if (event.case === "message" && request === 0) {
    const { channel, seq, body } = event.value;
    return `message ${channel} ${seq} ${readStampOfText(body)}`;
  }
  if (event.case === "sent") return `sent ${request} ${event.value.channel} ${event.value.seq}`;
  return `${event.case} ${request}`;
}

function walked(walk: (sink: Parameters<typeof walkJsonFrame>[1]) => void): string[] {
  const heard: string[] = [];
  walk({
    message: (channel, seq, dueUs) => heard.push(`message ${channel} ${seq} ${dueUs}`),
    run: ({ channel, first, count, dueUs }) => {
      for (let index = 0; index < count; index++) {
        heard.push(`message ${channel} ${first + index} ${dueUs[index]}`);
      }
    },
    sent: (request, channel, seq) => heard.push(`sent ${request} ${channel} ${seq}`),
    event: (event) => heard.push(told(event)),
  });
  return heard;
}

describe("the walk over a server frame", () => {
  test("tells what protobuf-es reads, wherever the frame lies", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), fc.nat(50), (events, offset) => {
        const frame: ServerFrame = create(ServerFrameSchema, { events });
        const bytes = toBinary(ServerFrameSchema, frame);
        const around = new Uint8Array(bytes.length + offset + 5).fill(0x0a);
        around.set(bytes, offset);
        const heard = walked((sink) =>
          walkFrame(around, offset, offset + bytes.length, new KnownFrames(), sink),
        );
        expect(heard).toEqual(fromBinary(ServerFrameSchema, bytes).events.map(told));
      }),
    );
  });

  test("tells the same of a frame in JSON", () => {
    const wellFormed = fc
      .array(event, { maxLength: 20 })
      .filter((events) => events.every(({ event }) => !JSON.stringify(event).includes("\\ud")));
    fc.assert(
      fc.property(wellFormed, (events) => {
        const frame: ServerFrame = create(ServerFrameSchema, { events });
        const heard = walked((sink) => walkJsonFrame(toJsonString(ServerFrameSchema, frame), sink));
        const withRequests = frame.events.map((each) =>
          each.event.case === "message" ? told({ ...each, request: 0 }) : told(each),
        );
        expect(heard).toEqual(withRequests);
      }),
    );
  });

  test("refuses a frame that ends in the middle of an event", () => {
    const events = [{ event: { case: "left" as const, value: { channel: 300 } } }];
    const bytes = toBinary(ServerFrameSchema, create(ServerFrameSchema, { events }));
    expect(() =>
      walked((sink) => walkFrame(bytes, 0, bytes.length - 1, new KnownFrames(), sink)),
    ).toThrow();
  });
});

describe("a frame that was read before", () => {
  const runs = fc.record({
    channel: fc.integer({ min: 1, max: 0xffffffff }),
    first: fc.integer({ min: 1, max: 0xfffffff0 }),
    bodies: fc.array(body, { minLength: 1, maxLength: 8 }),
  });
  const frameOfRun = ({
    channel,
    first,
    bodies,
  }: {
    channel: number;
    first: number;
    bodies: string[];
  }) =>
    toBinary(
      ServerFrameSchema,
      create(ServerFrameSchema, {
        events: bodies.map((body, index) => {
          const value = create(MessageSchema, { channel, seq: first + index, authorId: 7, body });
          return create(EventSchema, { event: { case: "message", value } });
        }),
      }),
    );

  test("says the same to the next receiver, and is not taken for another", () => {
    fc.assert(
      fc.property(fc.array(runs, { minLength: 1, maxLength: 30 }), (all) => {
        const known = new KnownFrames();
        const frames = all.map(frameOfRun);
        // Twice: the second time most of them are known.
        for (const bytes of [...frames, ...frames]) {
          const heard = walked((sink) => walkFrame(bytes, 0, bytes.length, known, sink));
          expect(heard).toEqual(fromBinary(ServerFrameSchema, bytes).events.map(told));
        }
      }),
    );
  });

  test("is known again only if every byte is the same", () => {
    const known = new KnownFrames();
    const bytes = frameOfRun({ channel: 3, first: 5, bodies: ["one", "two"] });
    walked((sink) => walkFrame(bytes, 0, bytes.length, known, sink));
    expect(known.find(bytes, 0, bytes.length)).toMatchObject({ channel: 3, first: 5, count: 2 });
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect(known.find(changed, 0, changed.length)).toBeUndefined();
    }
    expect(known.find(bytes, 0, bytes.length - 1)).toBeUndefined();
  });

  test("is none with an acknowledgement, a gap or two channels in it", () => {
    const messageOf = (channel: number, seq: number) => ({
      event: { case: "message" as const, value: { channel, seq } },
    });
    const ack = { request: 1, event: { case: "sent" as const, value: { channel: 3, seq: 6 } } };
    for (const second of [ack, messageOf(3, 7), messageOf(4, 6)]) {
      const events = [messageOf(3, 5), second];
      const bytes = toBinary(ServerFrameSchema, create(ServerFrameSchema, { events }));
      const known = new KnownFrames();
      walked((sink) => walkFrame(bytes, 0, bytes.length, known, sink));
      expect(known.find(bytes, 0, bytes.length)).toBeUndefined();
    }
  });
});

test("a send is encoded as protobuf-es would", () => {
  const ascii = fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(uint32, uint32, ascii, ascii, (request, channel, nonce, body) => {
      const bytes = encodeSend("hubbub.v1", request, channel, nonce, body) as Uint8Array;
      const command = { case: "send" as const, value: { channel, nonce, body } };
      const expected = create(ClientFrameSchema, { request, command });
      expect(fromBinary(ClientFrameSchema, bytes)).toEqual(expected);
    }),
  );
});

test("a stream of WebSocket frames is cut right wherever the reads end", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(300), fc.constantFrom(125, 126, 65_535, 65_536)), { maxLength: 8 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 70_000 })),
      (lengths, reads) => {
        const stream = Buffer.concat(lengths.map((length, index) => frameOf(length, index)));
        const seen: [length: number, mark: number | undefined][] = [];
        const reader = new FrameReader((opcode, bytes, from, to) => {
          expect(opcode).toBe(2);
          seen.push([to - from, bytes.subarray(from, to).at(-1)]);
        });
        for (let at = 0; at < stream.length; ) {
          const length = reads.next().value;
          reader.read(stream.subarray(at, at + length));
          at += length;
        }
        expect(seen).toEqual(
          lengths.map((length, index) => [length, length > 0 ? index + 1 : undefined]),
        );
      },
    ),
  );
});

/** A binary frame whose payload is its index plus one, over and over. */
function frameOf(length: number, index: number): Buffer {
  const head = length < 126 ? Buffer.alloc(2) : Buffer.alloc(length < 65_536 ? 4 : 10);
  head[0] = 0x82;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (length >= 65_536) head.writeBigUInt64BE(BigInt(length), 2);
  else if (length >= 126) head.writeUInt16BE(length, 2);
  return Buffer.concat([head, Buffer.alloc(length, index + 1)]);
}

test("a stamp gives the due time back to the microsecond, fractions or not", () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 2 ** 52, noNaN: true }), (dueUs) => {
      expect(readStampOfText(`${stampOf(dueUs)} and more`)).toBe(Math.round(dueUs));
    }),
  );
});
