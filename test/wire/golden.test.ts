import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import {
  type DescEnum,
  type DescField,
  type DescMessage,
  fromBinary,
  fromJson,
  fromJsonString,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import { binary } from "../../src/wire/binary.ts";
import { isFault } from "../../src/wire/encoding.ts";
import { file_hubbub_v1_commands } from "../../src/wire/gen/hubbub/v1/commands_pb.ts";
import { file_hubbub_v1_events } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import {
  ClientFrameSchema,
  EventSchema,
  file_hubbub_v1_frames,
  ServerFrameSchema,
} from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { json } from "../../src/wire/json.ts";
import { fromHex, type GoldenFrame, goldenFrames } from "./golden.ts";
import { decode, encode, enums, type Json, type JsonObject, messages } from "./handmade.ts";

const clientFrames = goldenFrames.filter(({ side }) => side === "client");
const serverFrames = goldenFrames.filter(({ side }) => side === "server");

describe("a client written from the docs alone", () => {
  test.each(goldenFrames)("writes and reads the golden frame: $name", (golden) => {
    const type = typeOf(golden);
    const value = JSON.parse(golden.json);
    expect(encode(type, value).toHex()).toBe(golden.bytes.toHex());
    expect(decode(type, golden.bytes)).toEqual(value);
  });

  test.each(clientFrames)("is understood by the server: $name", ({ json: text, bytes }) => {
    const read = binary.decode(bytes);
    expect(isFault(read)).toBe(false);
    expect(read).toEqual(json.decode(text));
    expect(read).toEqual(fromJsonString(ClientFrameSchema, text));
  });

  test.each(serverFrames)("understands the server: $name", ({ json: text, bytes }) => {
    const { events } = fromJsonString(ServerFrameSchema, text);
    expect(hexOf(binary.encode(events))).toBe(bytes.toHex());
    expect(JSON.parse(json.encode(events) as string)).toEqual(JSON.parse(text));
    expect(hexOf(binary.encodeRecords(bytes))).toBe(bytes.toHex());
    expect(JSON.parse(json.encodeRecords(bytes) as string)).toEqual(JSON.parse(text));
  });

  test("writes any command so that the server reads it, in both encodings", () => {
    fc.assert(
      fc.property(anyFrame("ClientFrame"), (frame) => {
        const expected = fromJson(ClientFrameSchema, frame as JsonValue);
        expect(binary.decode(encode("ClientFrame", frame))).toEqual(expected);
        expect(json.decode(JSON.stringify(frame))).toEqual(expected);
        expect(encode("ClientFrame", frame)).toEqual(toBinary(ClientFrameSchema, expected));
      }),
      { numRuns: 500 },
    );
  });

  test("reads any event that the server writes, in both encodings", () => {
    fc.assert(
      fc.property(fc.array(anyFrame("Event"), { maxLength: 4 }), (values) => {
        const events = values.map((value) => fromJson(EventSchema, value as JsonValue));
        const expected = values.length === 0 ? {} : { events: values };
        expect(decode("ServerFrame", binary.encode(events) as Uint8Array)).toEqual(expected);
        expect(JSON.parse(json.encode(events) as string)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test("ignores a field and an event that it does not know", () => {
    const bytes = fromHex(`
      0a 09              # events[0]
         08 01           #   request = 1
         42 02 08 07     #   left
         a206 00         #   field 100, from the future
      0a 03 aa06 00      # events[1] is only field 101, from the future
      12 00              # field 2 of ServerFrame, from the future
    `);
    const expected = { events: [{ request: 1, left: { channel: 7 } }, {}] };
    expect(decode("ServerFrame", bytes)).toEqual(expected);
    expect(JSON.parse(json.encodeRecords(bytes) as string)).toEqual(expected);
  });
});

describe("a server that is older than its client", () => {
  test("reads a command that it does not know as a frame without one", () => {
    const fromBytes = binary.decode(fromHex("08 0b  a206 02 08 01"));
    const fromText = json.decode('{"request":11,"frobnicate":{"channel":1}}');
    for (const read of [fromBytes, fromText]) {
      expect(read).toMatchObject({ request: 11, command: { case: undefined } });
    }
  });

  test("reads a command with a field that it does not know", () => {
    const read = binary.decode(fromHex("08 02  1a 08 0a 03 6f7073 a206 00"));
    expect(read).toMatchObject({
      request: 2,
      command: { case: "join", value: { name: "ops" } },
    });
    expect(json.decode('{"request":2,"join":{"name":"ops","colour":"red"}}')).toMatchObject({
      request: 2,
      command: { case: "join", value: { name: "ops" } },
    });
  });
});

describe("the hand-written side of these tests", () => {
  const files = [file_hubbub_v1_frames, file_hubbub_v1_commands, file_hubbub_v1_events];

  test("knows exactly the messages and enums of the contract", () => {
    const described = files.flatMap((file) => file.messages).flatMap(withNested);
    expect(messages).toEqual(
      Object.fromEntries(described.map((message) => [localName(message), fieldTable(message)])),
    );
    expect(enums).toEqual(
      Object.fromEntries(
        files
          .flatMap((file) => file.enums)
          .map((description) => [
            description.name,
            Object.fromEntries(description.values.map(({ name, number }) => [name, number])),
          ]),
      ),
    );
  });

  test("has a golden frame for every field of the contract", () => {
    const seen = new Set<string>();
    for (const golden of goldenFrames) note(seen, typeOf(golden), JSON.parse(golden.json));
    const all = Object.entries(messages).flatMap(([type, fields]) =>
      Object.keys(fields).map((name) => `${type}.${name}`),
    );
    expect(all.filter((field) => !seen.has(field))).toEqual([]);
  });

  function note(seen: Set<string>, type: string, value: JsonObject): void {
    for (const [name, field] of Object.entries(value)) {
      seen.add(`${type}.${name}`);
      const kind = messages[type]?.[name]?.[1].replace("[]", "") ?? "";
      if (messages[kind] === undefined) continue;
      for (const item of [field].flat()) note(seen, kind, item as JsonObject);
    }
  }
});

describe("the examples of docs/PROTOCOL.md", () => {
  const document = readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8");
  // A frame in JSON, and below it the same in hex.
  const pairs = [...document.matchAll(/```json\n([^`]*)```\s*```hex\n([^`]*)```/g)].map(
    ([, text = "", hex = ""]) => ({
      name: text.replace(/\s+/g, " ").slice(0, 70),
      text,
      bytes: fromHex(hex),
    }),
  );

  test("are there", () => {
    expect(pairs.length).toBeGreaterThanOrEqual(8);
    expect(document.match(/```hex/g)?.length).toBe(pairs.length);
  });

  test.each(pairs)("say the same in JSON and in hex: $name", ({ text, bytes }) => {
    const value = JSON.parse(text);
    const [type, schema] = value.events
      ? (["ServerFrame", ServerFrameSchema] as const)
      : (["ClientFrame", ClientFrameSchema] as const);
    expect(encode(type, value).toHex()).toBe(bytes.toHex());
    expect(decode(type, bytes)).toEqual(value);
    expect(toJson<DescMessage>(schema, fromBinary<DescMessage>(schema, bytes))).toEqual(value);
  });
});

function typeOf({ side }: GoldenFrame): string {
  return side === "client" ? "ClientFrame" : "ServerFrame";
}

function hexOf(frame: Uint8Array | string): string {
  if (typeof frame === "string") throw new Error("a binary encoding gave text");
  return frame.toHex();
}

function withNested(message: DescMessage): DescMessage[] {
  return [message, ...message.nestedMessages.flatMap(withNested)];
}

function localName(description: DescMessage | DescEnum): string {
  return description.typeName.replace("hubbub.v1.", "");
}

const scalarNames: Readonly<Record<number, string>> = {
  1: "double",
  2: "float",
  8: "bool",
  9: "string",
  13: "uint32",
};

function fieldTable(message: DescMessage): Record<string, [number, string]> {
  return Object.fromEntries(
    message.fields.map((field) => [field.jsonName, [field.number, kindOf(field)]]),
  );
}

function kindOf(field: DescField): string {
  const suffix = field.fieldKind === "list" ? "[]" : "";
  const description = field.message ?? field.enum;
  if (description !== undefined) return localName(description) + suffix;
  return `${scalarNames[field.scalar ?? 0]}${suffix}`;
}

/** A frame or event with any one command, event, or none, in protobuf's JSON mapping. */
function anyFrame(type: "ClientFrame" | "Event"): fc.Arbitrary<JsonObject> {
  const { request: _, ...members } = messages[type] ?? {};
  const member = fc.oneof(
    fc.constant({}),
    ...Object.entries(members).map(([name, [, kind]]) => fc.record({ [name]: anyValue(kind) })),
  );
  return fc
    .tuple(anyUint32, member)
    .map(([request, rest]) => withoutDefaults({ request, ...rest }, Object.keys(members)));
}

const anyUint32 = fc.oneof(
  fc.constantFrom(0, 1, 127, 128, 16383, 16384, 2 ** 21, 2 ** 28, 2 ** 32 - 1),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);

function anyValue(kind: string): fc.Arbitrary<Json> {
  if (kind.endsWith("[]")) return fc.array(anyValue(kind.slice(0, -2)), { maxLength: 3 });
  if (kind === "uint32") return anyUint32;
  if (kind === "bool") return fc.boolean();
  if (kind === "string") return fc.string({ unit: "binary", size: "medium" });
  if (kind === "float" || kind === "double") {
    // -0 is written, and printed as 0: no value of this protocol is negative.
    const bounds = { noNaN: true, noDefaultInfinity: true, min: 0 };
    const number = kind === "float" ? fc.float(bounds) : fc.double(bounds);
    return fc.oneof({ weight: 9, arbitrary: number }, fc.constant("NaN"));
  }
  if (enums[kind]) return fc.constantFrom(...Object.keys(enums[kind]));
  return anyMessage(kind);
}

function anyMessage(type: string): fc.Arbitrary<JsonObject> {
  const fields = Object.entries(messages[type] ?? {});
  const record = fc.record(
    Object.fromEntries(fields.map(([name, [, kind]]) => [name, anyValue(kind)])),
  );
  if (type !== "ReadHistory") return record.map((value) => withoutDefaults(value, []));
  // `before` and `after` are a oneof: at most one of them, and that even where it is 0.
  return fc
    .tuple(record, fc.constantFrom("before", "after", undefined))
    .map(([{ before, after, ...rest }, from]) => {
      const value = withoutDefaults(rest as JsonObject, []);
      if (from === "before") value.before = before as Json;
      if (from === "after") value.after = after as Json;
      return value;
    });
}

/** Leaves out what the JSON mapping leaves out: fields that are 0, false, empty, but for members. */
function withoutDefaults(value: JsonObject, members: readonly string[]): JsonObject {
  return Object.fromEntries(
    Object.entries(value).filter(
      ([name, field]) =>
        members.includes(name) ||
        !(
          field === 0 ||
          field === "" ||
          field === false ||
          (Array.isArray(field) && field.length === 0) ||
          (typeof field === "string" && field.endsWith("_UNSPECIFIED"))
        ),
    ),
  );
}
