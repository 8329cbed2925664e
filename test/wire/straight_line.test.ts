import { describe, expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { MessageSchema } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import {
  ClientFrameSchema,
  EventSchema,
  ServerFrameSchema,
} from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import {
  ClientFrameSendReader,
  EVENT_MESSAGE_TAG,
  EventMessageReader,
  EventSentReader,
  MESSAGE_SEQ_TAG,
  putClientFrameSend,
  putMessage,
  putServerFrameEventsSent,
  SERVER_FRAME_EVENTS_TAG,
} from "../../src/wire/gen/straight_line.ts";
import { varint } from "./handmade.ts";
import { anyDouble, anyText, anyUint32, anyWellFormedText } from "./values.ts";

/** The same seed gives the same frames: FUZZ_SEED=1234 bun test test/wire/straight_line.test.ts */
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const runs = Number(process.env.FUZZ_RUNS ?? 1000);
process.stderr.write(`straight line: FUZZ_SEED=${seed}\n`);

function holds<T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => unknown): void {
  const property = fc.property(arbitrary, (value) => {
    check(value);
  });
  fc.assert(property, { seed, numRuns: runs });
}

const utf8 = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

type Bytes = Uint8Array<ArrayBuffer>;
type Values = Record<string, number | string | boolean>;

const anySend = fc.record({
  request: anyUint32,
  channel: anyUint32,
  nonce: anyWellFormedText,
  body: anyWellFormedText,
});
const anyMessage = fc.record({
  seq: anyUint32,
  channel: anyUint32,
  authorId: anyUint32,
  author: anyWellFormedText,
  timeMs: anyDouble,
  body: anyWellFormedText,
});
const anyMessageEvent = fc
  .tuple(anyUint32, anyMessage)
  .map(([request, message]) => ({ request, ...message }));
const anySent = fc.record({
  request: anyUint32,
  channel: anyUint32,
  seq: anyUint32,
  timeMs: anyDouble,
  duplicate: fc.boolean(),
});

type Send = typeof anySend extends fc.Arbitrary<infer T> ? T : never;
type Message = typeof anyMessage extends fc.Arbitrary<infer T> ? T : never;
type Sent = typeof anySent extends fc.Arbitrary<infer T> ? T : never;

const encodeSend = ({ request, ...value }: Send): Bytes =>
  toBinary(
    ClientFrameSchema,
    create(ClientFrameSchema, { request, command: { case: "send", value } }),
  );
const encodeMessage = (message: Message): Bytes =>
  toBinary(MessageSchema, create(MessageSchema, message));
const encodeMessageEvent = ({ request, ...value }: Message & { request: number }): Bytes =>
  toBinary(EventSchema, create(EventSchema, { request, event: { case: "message", value } }));
const sentEvent = ({ request, ...value }: Sent) =>
  create(EventSchema, { request, event: { case: "sent", value } });
const encodeSentEvent = (sent: Sent): Bytes => toBinary(EventSchema, sentEvent(sent));
const encodeSentFrame = (sent: Sent): Bytes =>
  toBinary(ServerFrameSchema, create(ServerFrameSchema, { events: [sentEvent(sent)] }));

describe("a writer lays byte for byte what @bufbuild/protobuf does", () => {
  /** Writes into a buffer of other bytes with just enough room; those stay as they were. */
  function written(bytes: number, put: (into: Buffer, at: number) => number): Uint8Array {
    const at = 3;
    const into = Buffer.alloc(at + bytes + 5, 0xee);
    const end = put(into, at);
    expect(into.subarray(0, at).every((byte) => byte === 0xee)).toBe(true);
    expect(into.subarray(Math.min(end, at + bytes)).every((byte) => byte === 0xee)).toBe(true);
    return new Uint8Array(into.subarray(at, end));
  }

  function expectSend(send: Send): void {
    const { request, channel, nonce, body } = send;
    const expected = encodeSend(send);
    const bytes = written(expected.length, (into, at) =>
      putClientFrameSend(into, at, request, channel, nonce, body),
    );
    expect(bytes).toEqual(expected);
  }

  function expectMessage(message: Message): void {
    const { seq, channel, authorId, author, timeMs, body } = message;
    const expected = encodeMessage(message);
    // Text as it lies in a frame: in the middle of other bytes.
    const [authorBytes, bodyBytes] = [utf8.encode(`<<${author}>`), utf8.encode(`<${body}>>>`)];
    const bytes = written(expected.length, (into, at) =>
      putMessage(
        into,
        at,
        seq,
        channel,
        authorId,
        authorBytes,
        2,
        authorBytes.length - 1,
        timeMs,
        bodyBytes,
        1,
        bodyBytes.length - 3,
      ),
    );
    expect(bytes).toEqual(expected);
  }

  function expectSent(sent: Sent): void {
    const { request, channel, seq, timeMs, duplicate } = sent;
    const expected = encodeSentFrame(sent);
    const bytes = written(expected.length, (into, at) =>
      putServerFrameEventsSent(into, at, request, channel, seq, timeMs, duplicate),
    );
    expect(bytes).toEqual(expected);
  }

  test("of any send", () => {
    holds(anySend, expectSend);
  });

  test("of a send whose text has surrogates without their other half: both write U+FFFD", () => {
    holds(fc.record({ ...sendNumbers, nonce: anyText, body: anyText }), expectSend);
    const send = { request: 1, channel: 2, nonce: "a\ud83d", body: "\udc4bb" };
    expectSend(send);
    expect(encodeSend(send)).toEqual(encodeSend({ ...send, nonce: "a\ufffd", body: "\ufffdb" }));
  });

  // Where the text's length, and the message's around it, take a byte more than the same number of
  // ASCII characters would; and where they do not quite.
  test.each(["x", "é", "字", "👋"])(
    "of a send with any number of %s up to 200, and 16,500",
    (unit) => {
      const lengths = [
        ...Array(201).keys(),
        ...[5455, 5461, 5462, 8190, 8191, 8192, 16_381, 16_500],
      ];
      for (const length of lengths) {
        expectSend({ request: 1, channel: 300, nonce: "n", body: unit.repeat(length) });
        expectSend({ request: 0, channel: 0, nonce: unit.repeat(length), body: unit });
      }
    },
  );

  test("of any message, from text that lies in other bytes", () => {
    holds(anyMessage, expectMessage);
  });

  test("of a message with any number of bytes of text up to 200, and 16,500", () => {
    for (const length of [...Array(201).keys(), 16_383, 16_384, 16_500]) {
      const text = "b".repeat(length);
      const message = { seq: 1, channel: 2, authorId: 3, author: "ada", timeMs: 4, body: text };
      expectMessage(message);
      expectMessage({ ...message, author: text, body: "" });
    }
  });

  test("of any ack", () => {
    holds(anySent, expectSent);
  });

  test("and the tags are those of the contract", () => {
    const [tag, , second] = encodeSentFrame({ ...noSent, request: 0 });
    expect([SERVER_FRAME_EVENTS_TAG, 0x1a]).toEqual([tag as number, second as number]);
    const event = encodeMessageEvent({ request: 0, ...noMessage, seq: 1 });
    expect([EVENT_MESSAGE_TAG, MESSAGE_SEQ_TAG]).toEqual([event[0] as number, event[2] as number]);
  });
});

const sendNumbers = { request: anyUint32, channel: anyUint32 };
const noSent: Sent = { request: 0, channel: 0, seq: 0, timeMs: 0, duplicate: false };
const noMessage: Message = { seq: 0, channel: 0, authorId: 0, author: "", timeMs: 0, body: "" };

/** A kind of frame, as its reader and as @bufbuild/protobuf read it. */
interface Hot {
  readonly canonical: fc.Arbitrary<Bytes>;
  /** What the straight-line reader finds; undefined where it leaves it to the general decoder. */
  read(bytes: Uint8Array, begin: number, end: number): Values | undefined;
  /** What the general decoder finds; undefined where it throws, or it is something else. */
  decode(bytes: Uint8Array): Values | undefined;
  /** Field numbers and wire types of the outer and the inner message, to make frames of. */
  readonly outer: readonly Shape[];
  readonly inner: readonly Shape[];
}

type Shape = readonly [number: number, wireType: 0 | 1 | 2];

function textOf(bytes: Uint8Array, begin: number, end: number): string {
  // Throws, and fails the test, where a reader takes for text what is none.
  return strict.decode(bytes.subarray(begin, end));
}

function plain(value: object): Values {
  const { $typeName, $unknown, ...fields } = value as Values & {
    $typeName: string;
    $unknown?: unknown;
  };
  return fields;
}

const sendReader = new ClientFrameSendReader();
const messageReader = new EventMessageReader();
const sentReader = new EventSentReader();

const hot: Readonly<Record<string, Hot>> = {
  "a send": {
    canonical: anySend.map(encodeSend),
    read(bytes, begin, end) {
      if (!sendReader.read(bytes, begin, end)) return undefined;
      const { request, channel, nonceBegin, nonceEnd, bodyBegin, bodyEnd } = sendReader;
      const nonce = textOf(sendReader.bytes, nonceBegin, nonceEnd);
      return { request, channel, nonce, body: textOf(sendReader.bytes, bodyBegin, bodyEnd) };
    },
    decode(bytes) {
      const { request, command, $unknown } = fromBinary(ClientFrameSchema, bytes);
      if (command.case !== "send" || $unknown || command.value.$unknown) return undefined;
      return { request, ...plain(command.value) };
    },
    outer: [
      [1, 0],
      [2, 2],
      [3, 2],
    ],
    inner: [
      [1, 0],
      [2, 2],
      [3, 2],
    ],
  },
  "a message event": {
    canonical: anyMessageEvent.map(encodeMessageEvent),
    read(bytes, begin, end) {
      if (!messageReader.read(bytes, begin, end)) return undefined;
      const { request, seq, channel, authorId, timeMs } = messageReader;
      const { authorBegin, authorEnd, bodyBegin, bodyEnd } = messageReader;
      const author = textOf(messageReader.bytes, authorBegin, authorEnd);
      const body = textOf(messageReader.bytes, bodyBegin, bodyEnd);
      return { request, seq, channel, authorId, author, timeMs, body };
    },
    decode(bytes) {
      const { request, event, $unknown } = fromBinary(EventSchema, bytes);
      if (event.case !== "message" || $unknown || event.value.$unknown) return undefined;
      // Left out of straight-line code: a message that has it is the general decoder's alone.
      const { deleted, ...value } = event.value;
      return { request, ...plain(value), ...(deleted && { deleted }) };
    },
    outer: [
      [1, 0],
      [2, 2],
      [3, 2],
    ],
    inner: [
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 2],
      [5, 1],
      [6, 2],
    ],
  },
  "an ack": {
    canonical: anySent.map(encodeSentEvent),
    read(bytes, begin, end) {
      if (!sentReader.read(bytes, begin, end)) return undefined;
      const { request, channel, seq, timeMs, duplicate } = sentReader;
      return { request, channel, seq, timeMs, duplicate };
    },
    decode(bytes) {
      const { request, event, $unknown } = fromBinary(EventSchema, bytes);
      if (event.case !== "sent" || $unknown || event.value.$unknown) return undefined;
      return { request, ...plain(event.value) };
    },
    outer: [
      [1, 0],
      [3, 2],
      [2, 2],
    ],
    inner: [
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 0],
    ],
  },
};

function decoded({ decode }: Hot, bytes: Uint8Array): Values | undefined {
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}

/** A varint in one byte more than it takes. */
function overlong(value: number): number[] {
  const bytes = varint(value);
  return [...bytes.slice(0, -1), (bytes.at(-1) as number) | 0x80, 0];
}

const anyVarint = fc
  .tuple(anyUint32, fc.integer({ min: 0, max: 9 }))
  .map(([value, dice]) => (dice === 0 ? overlong(value) : varint(value)));

/** Bytes that are often, but not always, UTF-8. */
const anyContent = fc.oneof(
  { weight: 4, arbitrary: anyWellFormedText.map((text) => [...utf8.encode(text)]) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => [...bytes]) },
);

/** Fields in any order, some several times, with values right and wrong, in varints long and short. */
function anyFields(shapes: readonly Shape[], content: fc.Arbitrary<number[]>) {
  const one = fc
    .tuple(fc.constantFrom(...shapes), anyVarint, content, fc.integer({ min: 0, max: 19 }))
    .map(([[number, wireType], value, bytes, dice]) => {
      // Now and then a field that nobody knows, or a length that is not the content's.
      const tag = varint((dice === 0 ? number + 12 : number) * 8 + wireType);
      if (wireType === 0) return [...tag, ...(dice === 1 ? [0x01] : value)];
      if (wireType === 1) return [...tag, ...bytes.slice(0, 8), ...Array(8).fill(0)].slice(0, 9);
      const length = dice === 2 ? bytes.length + 1 : bytes.length;
      return [...tag, ...(dice === 3 ? overlong(length) : varint(length)), ...bytes];
    });
  // In the order of their numbers for half of the time: the reader does take some.
  return fc
    .tuple(fc.array(one, { maxLength: 7 }), fc.boolean())
    .map(([fields, sorted]) =>
      (sorted ? fields.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0)) : fields).flat(),
    );
}

describe.each(Object.keys(hot))("the reader of %s", (name) => {
  const kind = hot[name] as Hot;

  /** True only where @bufbuild/protobuf finds the same; never throws. */
  function expectAgreement(bytes: Uint8Array): void {
    const found = kind.read(bytes, 0, bytes.length);
    if (found !== undefined) expect(found).toEqual(decoded(kind, bytes) as Values);
  }

  test("takes everything that is encoded canonically, and finds what is in it", () => {
    holds(kind.canonical, (bytes) => {
      const found = kind.read(bytes, 0, bytes.length);
      expect(found).toBeDefined();
      expect(found).toEqual(decoded(kind, bytes) as Values);
    });
  });

  test("does so in the middle of any bytes, and does not look beyond them", () => {
    const anyBytes = fc.uint8Array({ maxLength: 12 });
    const tags = kind.inner.map(([number, wireType]) => number * 8 + wireType);
    const anyBehind = fc.oneof(anyBytes, fc.constantFrom(...tags.map((tag) => [tag, 1, 1, 1])));
    holds(fc.tuple(kind.canonical, anyBytes, anyBehind), ([bytes, before, behind]) => {
      const around = Uint8Array.from([...before, ...bytes, ...behind]);
      const found = kind.read(around, before.length, before.length + bytes.length);
      expect(found).toEqual(kind.read(bytes, 0, bytes.length) as Values);
      const view = around.subarray(before.length);
      expect(kind.read(view, 0, bytes.length)).toEqual(found as Values);
    });
  });

  test("keeps nothing of the frame before", () => {
    holds(fc.tuple(kind.canonical, kind.canonical), ([one, other]) => {
      const found = kind.read(one, 0, one.length);
      kind.read(other, 0, other.length);
      expect(kind.read(one, 0, one.length)).toEqual(found as Values);
    });
  });

  test("agrees with @bufbuild/protobuf on random bytes", () => {
    holds(fc.uint8Array({ maxLength: 40 }), expectAgreement);
  });

  test("agrees on fields in any order, repeated, unknown, overlong, of wrong lengths", () => {
    const inner = anyFields(kind.inner, anyContent);
    const outer = anyFields(kind.outer, inner);
    const simple = fc.tuple(anyVarint, inner).map(([request, bytes]) => {
      const [, [number] = [2]] = kind.outer;
      return [0x08, ...request, number * 8 + 2, ...varint(bytes.length), ...bytes];
    });
    let taken = 0;
    holds(fc.oneof(outer, simple), (bytes) => {
      const frame = Uint8Array.from(bytes);
      expectAgreement(frame);
      if (kind.read(frame, 0, frame.length) !== undefined) taken += 1;
    });
    // Or the test would say nothing of what the reader takes.
    expect(taken).toBeGreaterThan(0);
  });

  test("agrees on frames that are cut off or go on, at every place", () => {
    fc.assert(
      fc.property(kind.canonical, fc.uint8Array({ minLength: 1, maxLength: 8 }), (bytes, more) => {
        for (let end = 0; end < Math.min(bytes.length, 200); end++) {
          const cut = bytes.subarray(0, end);
          expectAgreement(cut);
          // The rest lies behind, where it must not be found.
          expect(kind.read(bytes, 0, end)).toEqual(kind.read(cut.slice(), 0, end) as Values);
        }
        expectAgreement(Uint8Array.from([...bytes, ...more]));
      }),
      { seed, numRuns: 100 },
    );
  });

  test("agrees on frames with any one bit flipped", () => {
    fc.assert(
      fc.property(kind.canonical, (bytes) => {
        for (let bit = 0; bit < Math.min(bytes.length, 100) * 8; bit++) {
          const flipped = bytes.slice();
          flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
          expectAgreement(flipped);
        }
      }),
      { seed, numRuns: 50 },
    );
  });

  test("agrees on frames with pieces overwritten, left out, doubled, or from other frames", () => {
    const noise = fc.uint8Array({ maxLength: 6 });
    const place = fc.nat(100);
    holds(
      fc.tuple(kind.canonical, kind.canonical, noise, place, place),
      ([one, other, noise, from, to]) => {
        for (const rest of [one.subarray(to), other.subarray(to), one.subarray(from + 1)]) {
          expectAgreement(Uint8Array.from([...one.subarray(0, from), ...noise, ...rest]));
        }
      },
    );
  });
});

describe("text that is no UTF-8 is never taken", () => {
  const wrong: Readonly<Record<string, number[]>> = {
    "a byte that cannot stand in it": [0xff],
    "a character cut short": [0x61, 0xf0, 0x9f, 0x91],
    "the second half of a character": [0x91],
    "half of a surrogate pair": [0xed, 0xa0, 0xbd],
    "both halves of one": [0xed, 0xa0, 0xbd, 0xed, 0xb1, 0x8b],
    "a character in more bytes than it takes": [0xc0, 0xaf],
    "a character beyond U+10FFFF": [0xf4, 0x90, 0x80, 0x80],
  };
  // Lengths on both sides of where the check changes from loop to decoder.
  const paddings = [0, 1, 2, 3, 4, 50, 1019, 1020, 1023, 1024, 1025, 3000];

  test.each(Object.keys(wrong))("%s", (name) => {
    for (const padding of paddings) {
      for (const isFirst of [true, false]) {
        const pad = Array(padding).fill(0x61);
        const text = isFirst ? [...(wrong[name] ?? []), ...pad] : [...pad, ...(wrong[name] ?? [])];
        const nonce = [0x12, ...varint(text.length), ...text];
        const frame = Uint8Array.from([0x12, ...varint(nonce.length), ...nonce]);
        expect(() => fromBinary(ClientFrameSchema, frame)).toThrow();
        expect(sendReader.read(frame, 0, frame.length)).toBe(false);
      }
    }
  });

  test("and text with a byte-order mark in front keeps it", () => {
    const send = { request: 1, channel: 1, nonce: "\ufeffn", body: "\ufeff" };
    const bytes = encodeSend(send);
    expect(hot["a send"]?.read(bytes, 0, bytes.length)).toEqual(send);
  });
});
