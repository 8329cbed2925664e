/**
 * Single values as protobuf lays them (protobuf encoding guide: "Base 128 Varints", "Non-Varint
 * Numbers"), for the generated straight-line code and for laying records.
 */

/** Bytes that a uint32 takes as a varint: 1 to 5. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  if (value < 0x10000000) return 4;
  return 5;
}

/** Writes a uint32 as a varint at `at`; returns the place after it. */
export function putVarint(into: Uint8Array, at: number, value: number): number {
  let rest = value;
  let place = at;
  while (rest > 0x7f) {
    into[place++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  into[place++] = rest;
  return place;
}

/**
 * The uint32 whose varint begins at `at`, or -1 where there is none that takes as few bytes as it
 * can: so it ends `varintBytes` of it further on. Up to 28 bits there are only operations on small
 * integers; with doubles among them, everything that depends on it takes several times as long.
 */
export function readVarint(bytes: Uint8Array, at: number): number {
  let byte = bytes[at] as number;
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  let place = at;
  for (let shift = 7; shift < 28; shift += 7) {
    byte = bytes[++place] as number;
    if (byte < 0x80) return byte > 0 ? value | (byte << shift) : -1;
    value |= (byte & 0x7f) << shift;
  }
  byte = bytes[place + 1] as number;
  return byte > 0 && byte < 0x10 ? value + byte * 2 ** 28 : -1;
}

/** A double and its bytes. Both ends of the wire run on little-endian machines, as protobuf lays it. */
const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);

/** Writes a double, 8 bytes; returns the place after it. */
export function putDouble(into: Uint8Array, at: number, value: number): number {
  double[0] = value;
  for (let index = 0; index < 8; index++) into[at + index] = doubleBytes[index] as number;
  return at + 8;
}

/** The double whose 8 bytes begin at `at`. */
export function readDouble(bytes: Uint8Array, at: number): number {
  for (let index = 0; index < 8; index++) doubleBytes[index] = bytes[at + index] as number;
  return double[0] as number;
}

/** Up to so many bytes a loop copies faster than a call out of JavaScript. */
const LOOP_COPY_BYTES = 32;

/**
 * Copies `from[begin]` up to `from[end]` to `into[at]` and onward; returns the place after it. Needs
 * a runtime that has `Buffer`, whose `copy` takes a fraction of the time of `set` and a `subarray`.
 */
export function copyRange(
  from: Uint8Array,
  begin: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  if (end - begin > LOOP_COPY_BYTES) {
    return at + Buffer.prototype.copy.call(from, into, at, begin, end);
  }
  let place = at;
  let index = begin;
  for (const last = end - 3; index < last; index += 4, place += 4) {
    into[place] = from[index] as number;
    into[place + 1] = from[index + 1] as number;
    into[place + 2] = from[index + 2] as number;
    into[place + 3] = from[index + 3] as number;
  }
  while (index < end) into[place++] = from[index++] as number;
  return place;
}

/** What `Buffer.write` comes to in the end, in two thirds of its time. Bun and Node have it untyped. */
interface Utf8Buffer extends Buffer {
  utf8Write(text: string, at: number): number;
}

/**
 * Writes the length of a text in UTF-8, as a varint, and the text. A surrogate without its other
 * half becomes U+FFFD, as TextEncoder has it.
 */
export function putText(into: Buffer, at: number, text: string): number {
  const reserved = varintBytes(text.length);
  const begin = at + reserved;
  return putLength(into, at, reserved, begin + (into as Utf8Buffer).utf8Write(text, begin));
}

/**
 * Writes, as a varint, how long that is which lies from `at + reserved` up to `end`: of the bytes
 * before it so many are free. Where they are not enough, it moves on. Returns its end.
 */
export function putLength(into: Uint8Array, at: number, reserved: number, end: number): number {
  const length = end - at - reserved;
  const bytes = varintBytes(length);
  if (bytes !== reserved) into.copyWithin(at + bytes, at + reserved, end);
  putVarint(into, at, length);
  return at + bytes + length;
}

/** Up to so many bytes a loop is faster than the decoder, which has to make the string, too. */
const LOOP_CHECK_BYTES = 1024;

/** Whether `bytes` from `begin` up to `end` are UTF-8. */
export function isText(bytes: Uint8Array, begin: number, end: number): boolean {
  if (end - begin > LOOP_CHECK_BYTES) return isUtf8(bytes, begin, end);
  let any = 0;
  let at = begin;
  for (const last = end - 3; at < last; at += 4) {
    any |=
      (bytes[at] as number) |
      (bytes[at + 1] as number) |
      (bytes[at + 2] as number) |
      (bytes[at + 3] as number);
  }
  for (; at < end; at++) any |= bytes[at] as number;
  return any < 0x80 || isUtf8(bytes, begin, end);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function isUtf8(bytes: Uint8Array, begin: number, end: number): boolean {
  try {
    utf8.decode(bytes.subarray(begin, end));
    return true;
  } catch {
    return false;
  }
}
