import { describe, expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { type Message, MessageSchema } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { EventSchema, ServerFrameSchema } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import {
  layMessageRecords,
  messageBytes,
  messageRecordBytes,
  putMessageRecord,
  putNumbered,
  recordEnd,
} from "../../src/wire/lay.ts";
import { putVarint, varintBytes } from "../../src/wire/scalars.ts";
import { varint } from "./handmade.ts";
import { anyUint32, boundaries } from "./values.ts";

const anyMessage: fc.Arbitrary<Message> = fc
  .record({
    seq: anyUint32.filter((seq) => seq > 0),
    channel: anyUint32,
    authorId: anyUint32,
    author: fc.string({ unit: "binary" }),
    timeMs: fc.double({ noNaN: true, min: 0 }),
    // Lengths on both sides of a varint's first boundary.
    body: fc.oneof(
      fc.string({ unit: "binary" }),
      fc.integer({ min: 80, max: 130 }).map((n) => "b".repeat(n)),
      fc.integer({ min: 16_350, max: 16_390 }).map((n) => "b".repeat(n)),
    ),
  })
  .map((fields) => create(MessageSchema, fields));

/** Writes at some place in a buffer of other bytes, and checks that those stay as they were. */
function written(length: number, put: (into: Uint8Array, at: number) => number): Uint8Array {
  const at = 3;
  const into = new Uint8Array(at + length + 5).fill(0xee);
  expect(put(into, at)).toBe(at + length);
  expect(into.subarray(0, at).every((byte) => byte === 0xee)).toBe(true);
  expect(into.subarray(at + length).every((byte) => byte === 0xee)).toBe(true);
  return into.slice(at, at + length);
}

describe("varints", () => {
  test.each(boundaries)("%d takes the bytes that protobuf gives it", (value) => {
    expect([...written(varintBytes(value), (into, at) => putVarint(into, at, value))]).toEqual(
      varint(value),
    );
  });

  test("any uint32 does", () => {
    fc.assert(
      fc.property(anyUint32, (value) => {
        const bytes = written(varintBytes(value), (into, at) => putVarint(into, at, value));
        expect([...bytes]).toEqual(varint(value));
      }),
    );
  });
});

describe("a message", () => {
  test("that is numbered by laying bytes is the message encoded whole", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const rest = toBinary(MessageSchema, { ...message, seq: 0 });
        const laid = written(messageBytes(message.seq, rest.length), (into, at) =>
          putNumbered(into, at, message.seq, rest),
        );
        expect(laid).toEqual(toBinary(MessageSchema, message));
      }),
    );
  });

  test.each(boundaries.slice(1))("numbered %d is the message encoded whole", (seq) => {
    const message = create(MessageSchema, { seq, channel: 1, author: "ada", body: "Hi" });
    const rest = toBinary(MessageSchema, { ...message, seq: 0 });
    const laid = written(messageBytes(seq, rest.length), (into, at) =>
      putNumbered(into, at, seq, rest),
    );
    expect(laid).toEqual(toBinary(MessageSchema, message));
  });

  // Lengths at which the record's own lengths take one byte more: the message's, and the event's,
  // which is two or three bytes longer.
  test.each([0, 124, 125, 126, 127, 128, 16_380, 16_381, 16_382, 16_383, 16_384, 2 ** 21])(
    "of %d bytes has a record that says where it ends",
    (length) => {
      const message = new Uint8Array(length).fill(0x20);
      const record = written(messageRecordBytes(length), (into, at) =>
        putMessageRecord(into, at, message),
      );
      expect(recordEnd(record, 0)).toBe(record.length);
    },
  );
});

describe("a batch", () => {
  const eventOf = (value: Message) => create(EventSchema, { event: { case: "message", value } });

  test("of laid records is the ServerFrame of its messages", () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 8 }), (messages) => {
        const laid = layMessageRecords(messages.map((message) => toBinary(MessageSchema, message)));
        const frame = create(ServerFrameSchema, { events: messages.map(eventOf) });
        expect(laid).toEqual(toBinary(ServerFrameSchema, frame));
      }),
    );
  });

  test("can be walked record by record, and cut between any two", () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { minLength: 1, maxLength: 8 }), (messages) => {
        const laid = layMessageRecords(messages.map((message) => toBinary(MessageSchema, message)));
        let at = 0;
        for (const message of messages) {
          const end = recordEnd(laid, at);
          expect(fromBinary(ServerFrameSchema, laid.subarray(at, end)).events).toEqual([
            eventOf(message),
          ]);
          at = end;
        }
        expect(at).toBe(laid.length);
      }),
    );
  });

  test("laid after another batch is one frame with the messages of both", () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 4 }), fc.nat(4), (messages, cut) => {
        const encoded = messages.map((message) => toBinary(MessageSchema, message));
        const [first, second] = [encoded.slice(0, cut), encoded.slice(cut)].map(layMessageRecords);
        expect(Uint8Array.from([...(first ?? []), ...(second ?? [])])).toEqual(
          layMessageRecords(encoded),
        );
      }),
    );
  });

  test("of events other than messages can be walked, too", () => {
    const frame = create(ServerFrameSchema, {
      events: [
        { request: 300, event: { case: "left", value: { channel: 7 } } },
        { event: { case: "goingAway", value: { afterMs: 500 } } },
      ],
    });
    const bytes = toBinary(ServerFrameSchema, frame);
    const ends = [recordEnd(bytes, 0)];
    ends.push(recordEnd(bytes, ends[0] ?? 0));
    expect(ends[1]).toBe(bytes.length);
  });

  test("that ends within a record's length is no batch", () => {
    expect(() => recordEnd(Uint8Array.of(0x0a, 0x80), 0)).toThrow("wire/lay");
    expect(() => recordEnd(Uint8Array.of(0x0a), 0)).toThrow("wire/lay");
  });
});
