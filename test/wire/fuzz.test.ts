import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { binary } from "../../src/wire/binary.ts";
import { type Decoded, type Encoding, type Incoming, isFault } from "../../src/wire/encoding.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { json } from "../../src/wire/json.ts";
import { fromHex, goldenFrames } from "./golden.ts";
import { type JsonObject, messages, varint } from "./handmade.ts";

/** The same seed gives the same frames: FUZZ_SEED=1234 bun test test/wire/fuzz.test.ts */
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const runs = Number(process.env.FUZZ_RUNS ?? 2000);
// A slow machine is no fault of the decoder, and FUZZ_RUNS may ask for many.
setDefaultTimeout(600_000);
process.stderr.write(`fuzz: FUZZ_SEED=${seed}\n`);

const corpus = goldenFrames.filter(({ side }) => side === "client");

/** Every text that a fault may have: none of them repeats anything that was sent. */
const faultTexts = new Set([
  "This connection speaks binary protobuf; a text message came.",
  "The bytes are not a ClientFrame.",
  "This connection speaks JSON; a binary message came.",
  "The text is not JSON.",
  "The JSON is not a ClientFrame.",
  ...Object.entries(messages).flatMap(([type, fields]) =>
    Object.keys(fields).map(
      (name) => `The JSON is not a ClientFrame: see hubbub.v1.${type}.${snakeCase(name)}.`,
    ),
  ),
]);

/** Decodes, and checks what is promised of anything that may arrive. */
function decodeSafely(encoding: Encoding, data: Incoming): Decoded {
  const decoded = encoding.decode(data);
  expect(isUint32(decoded.request)).toBe(true);
  if (isFault(decoded)) {
    expect(decoded.fault).toBe(ErrorCode.INVALID_FRAME);
    expect(faultTexts).toContain(decoded.text);
    return decoded;
  }
  expect(decoded.$typeName).toBe("hubbub.v1.ClientFrame");
  const { case: name, value } = decoded.command;
  if (name === undefined) return decoded;
  const type = messages.ClientFrame?.[name]?.[1] ?? "";
  expect(messages[type]).toBeDefined();
  expectFields(type, value as unknown as JsonObject);
  return decoded;
}

/** The fields have the types that the session relies on. */
function expectFields(type: string, value: JsonObject): void {
  for (const [name, [, kind]] of Object.entries(messages[type] ?? {})) {
    if (type === "ReadHistory" && (name === "before" || name === "after")) {
      const from = value.from as unknown as { case?: string; value?: unknown };
      expect(from.case === undefined ? from.value === undefined : isUint32(from.value)).toBe(true);
    } else if (kind === "uint32") {
      expect(isUint32(value[name])).toBe(true);
    } else if (kind === "string") {
      expect(typeof value[name] === "string" && value[name].isWellFormed()).toBe(true);
    } else {
      expect(Array.isArray(value[name])).toBe(true);
      for (const item of value[name] as JsonObject[]) expectFields(kind.slice(0, -2), item);
    }
  }
}

function isUint32(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value <= 0xffffffff && Number.isInteger(value);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function holds<T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => unknown): void {
  const property = fc.property(arbitrary, (value) => {
    check(value);
  });
  fc.assert(property, { seed, numRuns: runs });
}

const aGoldenFrame = fc.constantFrom(...corpus);

describe("whatever bytes come, a binary connection reads a frame or says what is wrong", () => {
  const decodes = (bytes: Uint8Array) => decodeSafely(binary, bytes);

  test("of random bytes", () => {
    holds(fc.uint8Array({ maxLength: 300 }), decodes);
  });

  test("of every frame that is cut off anywhere", () => {
    for (const { bytes } of corpus) {
      for (let end = 0; end < bytes.length; end++) decodes(bytes.subarray(0, end));
    }
  });

  test("of every frame with any one bit flipped", () => {
    for (const { bytes } of corpus) {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = bytes.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        decodes(flipped);
      }
    }
  });

  test("of frames with pieces overwritten, doubled, or from other frames", () => {
    holds(
      fc.tuple(
        aGoldenFrame,
        aGoldenFrame,
        fc.uint8Array({ maxLength: 6 }),
        fc.nat(200),
        fc.nat(200),
        fc.nat(200),
      ),
      ([{ bytes: one }, { bytes: other }, noise, from, to, back]) => {
        decodes(
          Uint8Array.from([
            ...one.subarray(0, from),
            ...noise,
            ...other.subarray(to),
            ...one.subarray(back),
          ]),
        );
      },
    );
  });

  test("of well-formed tags and lengths around random content", () => {
    const field = fc
      .tuple(fc.nat(12), fc.nat(7), fc.nat(40), fc.uint8Array({ maxLength: 20 }))
      .map(([number, wireType, length, content]) => [
        ...varint(number * 8 + wireType),
        ...(wireType === 2 ? varint(length) : []),
        ...content,
      ]);
    holds(fc.array(field, { maxLength: 12 }), (fields) => {
      decodes(Uint8Array.from(fields.flat()));
    });
  });

  const inHex = (hex: string) => decodes(fromHex(hex));
  const hostile: Record<string, () => Decoded> = {
    "a length of 4 GiB": () => inHex("08 01 12 ffffffff0f"),
    "a length of 2^64 - 1": () => inHex("08 01 12 ffffffffffffffffff01"),
    "a length beyond the message around it": () => inHex("12 04 12 05 6162"),
    "a varint that ends too early": () => inHex("08 8080"),
    "a varint of 11 bytes": () => inHex("08 ffffffffffffffffffff01"),
    "a tag of 11 bytes": () => inHex("8880808080808080808080 01"),
    "the field number 0": () => inHex("00"),
    "the wire type 6": () => inHex("0e"),
    "the wire type 7": () => inHex("0f"),
    "a group that never ends": () => inHex("73"),
    "a group that another group ends": () => inHex("73 7c"),
    "the end of no group": () => inHex("08 01 74"),
    "100,000 groups in one another": () => decodes(new Uint8Array(100_000).fill(0x73)),
    "100,000 groups in one another, all of them closed": () =>
      decodes(new Uint8Array(200_000).fill(0x73).fill(0x74, 100_000)),
    "UTF-8 with a byte that cannot stand in it": () => inHex("1a 03 0a 01 ff"),
    "UTF-8 that ends within a character": () => inHex("1a 05 0a 03 61 f09f"),
    "UTF-8 with a surrogate": () => inHex("1a 05 0a 03 eda080"),
    "UTF-8 that is longer than it need be": () => inHex("1a 04 0a 02 c0af"),
    "UTF-8 beyond U+10FFFF": () => inHex("1a 06 0a 04 f4908080"),
    "a text on a binary connection": () => decodeSafely(binary, '{"request":1,"ping":{}}'),
    "an empty text on a binary connection": () => decodeSafely(binary, ""),
  };
  test.each(Object.keys(hostile))("and refuses %s", (name) => {
    expect(hostile[name]?.()).toMatchObject({ fault: ErrorCode.INVALID_FRAME, request: 0 });
  });

  const strange: Record<string, [bytes: Uint8Array, read: object]> = {
    "nothing at all": [fromHex(""), { request: 0, command: { case: undefined } }],
    "a request number longer than it need be": [
      fromHex("08 8180808000  4a 00"),
      { request: 1, command: { case: "ping" } },
    ],
    "two commands: the last one counts": [
      fromHex("08 01  22 02 08 07  4a 00"),
      { request: 1, command: { case: "ping" } },
    ],
    "one command in two pieces: they are merged": [
      fromHex("08 01  12 02 08 01  12 03 1a 01 61"),
      { request: 1, command: { case: "send", value: { channel: 1, body: "a" } } },
    ],
    "a group that it does not know": [
      fromHex("08 01  73 08 01 74  4a 00"),
      { request: 1, command: { case: "ping" } },
    ],
    "the text of a byte-order mark": [
      fromHex("08 01  1a 06 0a 04 efbbbf 61"),
      { request: 1, command: { case: "join", value: { name: "\ufeffa" } } },
    ],
    "32,000 fields that it does not know": [
      Uint8Array.from({ length: 64_000 }, (_, index) => (index % 2 === 0 ? 0x78 : 0)),
      { request: 0, command: { case: undefined } },
    ],
  };
  test.each(Object.keys(strange))("and reads %s", (name) => {
    const [bytes, read] = strange[name] ?? [];
    expect(decodes(bytes ?? new Uint8Array())).toMatchObject(read ?? {});
  });

  test("from a view into a larger buffer, and does not look beyond it", () => {
    for (const { bytes } of corpus) {
      const around = new Uint8Array(bytes.length + 16).fill(0xff);
      around.set(bytes, 8);
      expect(decodes(around.subarray(8, 8 + bytes.length))).toEqual(binary.decode(bytes));
    }
  });
});

describe("whatever text comes, a JSON connection reads a frame or says what is wrong", () => {
  const decodes = (text: string) => decodeSafely(json, text);

  test("of random text", () => {
    holds(fc.string({ unit: "binary", maxLength: 200 }), decodes);
  });

  test("of random JSON", () => {
    holds(fc.json(), decodes);
  });

  test("of every frame that is cut off anywhere", () => {
    for (const { json: text } of corpus) {
      for (let end = 0; end < text.length; end++) decodes(text.slice(0, end));
    }
  });

  test("of every frame with any one bit of a character flipped", () => {
    for (const { json: text } of corpus) {
      for (let bit = 0; bit < text.length * 8; bit++) {
        const at = bit >> 3;
        const flipped = String.fromCharCode(text.charCodeAt(at) ^ (1 << (bit & 7)));
        decodes(text.slice(0, at) + flipped + text.slice(at + 1));
      }
    }
  });

  test("of frames with pieces overwritten, doubled, or from other frames", () => {
    holds(
      fc.tuple(
        aGoldenFrame,
        aGoldenFrame,
        fc.string({ unit: "binary", maxLength: 6 }),
        fc.nat(200),
        fc.nat(200),
      ),
      ([{ json: one }, { json: other }, noise, from, to]) => {
        decodes(one.slice(0, from) + noise + other.slice(to));
      },
    );
  });

  test("of the right fields with wrong values, without repeating one of them", () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.double(),
      fc.constantFrom("hubbub.v1.S.secret", "field hubbub.v1.S.secret", "cannot decode field x"),
    );
    const names = [...new Set(Object.values(messages).flatMap((fields) => Object.keys(fields)))];
    const wrong = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, value, tie("object"), fc.array(tie("object"))),
      object: fc.dictionary(fc.constantFrom(...names), tie("value"), { maxKeys: 4 }),
    }));
    holds(wrong.object, (frame) => decodes(JSON.stringify(frame)));
  });

  const deep = 100_000;
  const hostile: Record<string, [text: string | Uint8Array, request: number]> = {
    "nothing at all": ["", 0],
    null: ["null", 0],
    "a list": ["[]", 0],
    "a byte-order mark": ['\ufeff{"request":1,"ping":{}}', 0],
    "100,000 lists in one another": ["[".repeat(deep), 0],
    "100,000 lists in one another, all of them closed": ["[".repeat(deep) + "]".repeat(deep), 0],
    "100,000 objects in one another, for a command": [
      `{"request":1,"send":${'{"send":'.repeat(deep)}1${"}".repeat(deep)},"ping":{}}`,
      1,
    ],
    "a lone surrogate": ['{"request":1,"join":{"name":"\\ud83d"}}', 1],
    "surrogates the wrong way round": ['{"request":1,"join":{"name":"\\udc4b\\ud83d"}}', 1],
    "two commands": ['{"request":1,"ping":{},"leave":{"channel":1}}', 1],
    "one command under both of its names": ['{"request":1,"readHistory":{},"read_history":{}}', 1],
    "both ends of a page": ['{"request":1,"readHistory":{"before":1,"after":1}}', 1],
    "a request number beyond 2^32": ['{"request":4294967296,"ping":{}}', 0],
    "a request number below 0": ['{"request":-1,"ping":{}}', 0],
    "a request number with a fraction": ['{"request":1.5,"ping":{}}', 0],
    "a request number without bounds": ['{"request":1e999,"ping":{}}', 0],
    "a request number of 10,000 digits": [`{"request":${"9".repeat(10_000)},"ping":{}}`, 0],
    "a request number that is true": ['{"request":true,"ping":{}}', 0],
    "a number beyond 2^32": ['{"request":1,"leave":{"channel":1e20}}', 1],
    "a wrong command whose request number is a string": ['{"request":"7","leave":1}', 7],
    "a command that is a list": ['{"request":1,"ping":[]}', 1],
    "a list that is an object": ['{"request":1,"resume":{"cursors":{}}}', 1],
    "a list of null": ['{"request":1,"resume":{"cursors":[null]}}', 1],
    "a value that looks like the library's own words": [
      '{"request":1,"send":"field hubbub.v1.S.secret"}',
      1,
    ],
    "a binary message on a JSON connection": [fromHex("08 01 4a 00"), 0],
    "an empty binary message on a JSON connection": [new Uint8Array(), 0],
  };
  test.each(Object.keys(hostile))("and refuses %s", (name) => {
    const [data, request] = hostile[name] ?? ["", -1];
    expect(decodeSafely(json, data)).toMatchObject({ fault: ErrorCode.INVALID_FRAME, request });
  });

  const strange: Record<string, [text: string, read: object]> = {
    "an object without a field": ["{}", { request: 0, command: { case: undefined } }],
    "a key twice: the last one counts": [
      '{"request":1,"request":2,"ping":{}}',
      { request: 2, command: { case: "ping" } },
    ],
    "null as if it were not there": [
      '{"request":1,"ping":null}',
      { request: 1, command: { case: undefined } },
    ],
    "a number in a string": [
      '{"request":"7","leave":{"channel":"1"}}',
      { request: 7, command: { case: "leave", value: { channel: 1 } } },
    ],
    "the names of the .proto files": [
      '{"request":1,"read_history":{"channel":1,"before":0}}',
      { command: { case: "readHistory", value: { from: { case: "before", value: 0 } } } },
    ],
    "the key __proto__ as one that it does not know": [
      '{"request":1,"__proto__":{"request":5,"ping":{}},"join":{"name":"a","__proto__":{"x":1}}}',
      { request: 1, command: { case: "join", value: { name: "a" } } },
    ],
    "the keys constructor, toString and $typeName as ones that it does not know": [
      '{"request":1,"constructor":{"prototype":1},"toString":1,"$typeName":"x","ping":{}}',
      { $typeName: "hubbub.v1.ClientFrame", request: 1, command: { case: "ping" } },
    ],
    "a deep value under a key that it does not know": [
      `{"request":1,"x":${"[".repeat(5000)}${"]".repeat(5000)},"ping":{}}`,
      { request: 1, command: { case: "ping" } },
    ],
    "a NUL within a string": [
      '{"request":1,"join":{"name":"a\\u0000b"}}',
      { command: { case: "join", value: { name: "a\0b" } } },
    ],
  };
  test.each(Object.keys(strange))("and reads %s", (name) => {
    const [text = "", read = {}] = strange[name] ?? [];
    expect(decodes(text)).toMatchObject(read);
  });

  test("and no key that was sent reaches another object", () => {
    decodes('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"ping":{}}');
    expect("polluted" in {}).toBe(false);
  });
});
