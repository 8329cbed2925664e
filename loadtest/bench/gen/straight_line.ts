// Written by proto/plugin/straight_line.ts from the contract. Change that, not this.
// What is hot here is watched by `bun run bench serialization`.
import { isText, putDouble, putText, putVarint, readDouble, readVarint, varintBytes } from "../../../src/wire/scalars.ts";

/**
 * Reads `TestMessage` where it lies. Text stays bytes: it is `bytes` from `...Begin` up to
 * `...End`; of texts there are `...Count`, and beyond that the arrays mean nothing. One
 * reader serves for any number of frames; its fields hold the last one's.
 */
export class TestMessageReader {
  bytes: Uint8Array = new Uint8Array(0);
  nameBegin = 0;
  nameEnd = 0;
  age = 0;
  randomFloat = 0;
  itemsCount = 0;
  readonly itemsBegin: number[] = [];
  readonly itemsEnd: number[] = [];

  /**
   * Hot. Reads what lies in `bytes` from `begin` up to `end`, laid as encoders lay it: fields in the
   * order of their numbers, each once, in as few bytes as can be. Returns false for anything else,
   * right or wrong, which is left to the general decoder; the fields mean nothing then.
   */
  read(bytes: Uint8Array, begin: number, end: number): boolean {
    let at = begin;
    let varint = 0;
    this.bytes = bytes;
    // TestMessage.name
    this.nameBegin = this.nameEnd = at;
    if (at < end && bytes[at] === 0x0a) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      at += 1 + varintBytes(varint);
      if (at + varint > end || !isText(bytes, at, at + varint)) return false;
      this.nameBegin = at;
      at += varint;
      this.nameEnd = at;
    }
    // TestMessage.age
    this.age = 0;
    if (at < end && bytes[at] === 0x10) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      this.age = varint;
      at += 1 + varintBytes(varint);
    }
    // TestMessage.random_float
    this.randomFloat = 0;
    if (at < end && bytes[at] === 0x19) {
      this.randomFloat = readDouble(bytes, at + 1);
      at += 9;
    }
    // TestMessage.items
    this.itemsCount = 0;
    while (at < end && bytes[at] === 0x22) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      at += 1 + varintBytes(varint);
      if (at + varint > end || !isText(bytes, at, at + varint)) return false;
      this.itemsBegin[this.itemsCount] = at;
      at += varint;
      this.itemsEnd[this.itemsCount++] = at;
    }
    return at === end;
  }
}

/**
 * Hot. Writes `TestMessage` at `at`, where there must be room; returns the place after it.
 */
export function putTestMessage(
  into: Buffer,
  at: number,
  name: string,
  age: number,
  randomFloat: number,
  items: readonly string[],
): number {
  let place = at;
  if (name.length > 0) {
    into[place] = 0x0a;
    place = putText(into, place + 1, name);
  }
  if (age !== 0) {
    into[place] = 0x10;
    place = putVarint(into, place + 1, age);
  }
  if (!Object.is(randomFloat, 0)) {
    into[place] = 0x19;
    place = putDouble(into, place + 1, randomFloat);
  }
  for (const one of items) {
    into[place] = 0x22;
    place = putText(into, place + 1, one);
  }
  return place;
}
