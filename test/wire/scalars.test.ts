import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  copyRange,
  isText,
  putDouble,
  putLength,
  putText,
  putVarint,
  readDouble,
  readVarint,
  varintBytes,
} from "../../src/wire/scalars.ts";
import { varint } from "./handmade.ts";
import { anyDouble, anyText, anyUint32, boundaries } from "./values.ts";

const utf8 = new TextEncoder();

/** The lengths up to 200, so that every number of steps of every loop is among them, and some more. */
const lengths = [...Array(201).keys(), 1023, 1024, 1025, 16_384];

describe("a varint", () => {
  test.each(boundaries)("of %d is read from the bytes that it is written in", (value) => {
    const into = new Uint8Array(8).fill(0xff);
    expect(putVarint(into, 1, value)).toBe(1 + varintBytes(value));
    expect([...into.subarray(1, 1 + varintBytes(value))]).toEqual(varint(value));
    expect(readVarint(into, 1)).toBe(value);
  });

  test("of any uint32 is", () => {
    fc.assert(
      fc.property(anyUint32, (value) => {
        const bytes = Uint8Array.from([0x80, ...varint(value), 0x80]);
        expect(readVarint(bytes, 1)).toBe(value);
        expect(varintBytes(value)).toBe(varint(value).length);
      }),
    );
  });

  test("that takes a byte more than it could is none", () => {
    for (const value of boundaries) {
      const bytes = varint(value);
      const last = bytes.pop() as number;
      expect(readVarint(Uint8Array.from([...bytes, last | 0x80, 0]), 0)).toBe(-1);
    }
  });

  test.each([
    ["of 33 bits", [0xff, 0xff, 0xff, 0xff, 0x10]],
    ["of 35 bits", [0xff, 0xff, 0xff, 0xff, 0x7f]],
    ["of 36 bits", [0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ["of a negative number, in 10 bytes", [...Array(9).fill(0xff), 0x01]],
    ["that ends too early", [0x80]],
    ["that ends too early, after four bytes", [0xff, 0xff, 0xff, 0xff]],
    ["that begins behind the end", []],
  ])("%s is none", (_, bytes) => {
    expect(readVarint(Uint8Array.from(bytes), 0)).toBe(-1);
  });
});

describe("a double", () => {
  test("is laid in 8 bytes, the least significant first, and read back bit for bit", () => {
    fc.assert(
      fc.property(anyDouble, (value) => {
        const view = new DataView(new ArrayBuffer(8));
        view.setFloat64(0, value, true);
        const into = new Uint8Array(12).fill(0xee);
        expect(putDouble(into, 2, value)).toBe(10);
        expect([...into]).toEqual([0xee, 0xee, ...new Uint8Array(view.buffer), 0xee, 0xee]);
        expect(readDouble(into, 2)).toBe(value);
      }),
    );
  });
});

describe("a range of bytes", () => {
  const from = Uint8Array.from({ length: 20_000 }, (_, index) => index % 251);

  test.each([
    ["a Uint8Array", from],
    ["a Buffer", Buffer.from(from)],
    ["a view into a larger buffer", Uint8Array.from([1, 2, 3, ...from]).subarray(3)],
  ])("of %s is copied, whatever its length, and nothing else", (_, source) => {
    for (const length of lengths) {
      const into = new Uint8Array(length + 9).fill(0xee);
      expect(copyRange(source, 7, 7 + length, into, 4)).toBe(4 + length);
      expect(into.subarray(4, 4 + length)).toEqual(from.slice(7, 7 + length));
      expect([...into.subarray(0, 4), ...into.subarray(4 + length)]).toEqual(Array(9).fill(0xee));
    }
  });
});

describe("text", () => {
  test("is laid as its length in bytes and its UTF-8, in just the room that it takes", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const bytes = utf8.encode(text);
        const laid = [...varint(bytes.length), ...bytes];
        const into = Buffer.alloc(2 + laid.length, 0xee);
        expect(putText(into, 2, text)).toBe(2 + laid.length);
        expect([...into]).toEqual([0xee, 0xee, ...laid]);
      }),
    );
  });

  test("is what a strict decoder takes", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const isDecoded = (bytes: Uint8Array) => {
      try {
        decoder.decode(bytes);
        return true;
      } catch {
        return false;
      }
    };
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      anyText.map((text) => utf8.encode(text)),
      fc.tuple(anyText, fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
        const bytes = utf8.encode(`${text}.`);
        bytes[at % bytes.length] = byte;
        return bytes;
      }),
    );
    let wrong = 0;
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        // Around it lies what would be wrong.
        const around = Uint8Array.from([0xff, ...bytes, 0x80]);
        expect(isText(around, 1, 1 + bytes.length)).toBe(isDecoded(bytes));
        if (!isDecoded(bytes)) wrong += 1;
      }),
      { numRuns: 2000 },
    );
    expect(wrong).toBeGreaterThan(100);
  });

  test("is looked at up to its last byte, whatever its length", () => {
    for (const length of lengths.filter((length) => length > 0)) {
      const bytes = new Uint8Array(length + 1).fill(0x61);
      bytes[length] = 0xff;
      expect(isText(bytes, 0, length)).toBe(true);
      expect(isText(bytes, 1, length + 1)).toBe(false);
      bytes[0] = 0xff;
      expect(isText(bytes, 0, length)).toBe(false);
    }
  });
});

describe("a length in front of what is laid already", () => {
  test.each([
    [1, 127],
    [1, 128],
    [2, 127],
    [2, 128],
    [1, 16_384],
    [3, 5],
  ])("takes the bytes that it needs; %d were free and %d follow", (reserved, length) => {
    const content = Array.from({ length }, (_, index) => index % 250);
    const into = new Uint8Array(length + 8).fill(0xee);
    into.set(content, 2 + reserved);
    const end = putLength(into, 2, reserved, 2 + reserved + length);
    expect([...into.subarray(0, end)]).toEqual([0xee, 0xee, ...varint(length), ...content]);
  });
});
