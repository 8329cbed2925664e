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
 * can: so it ends `varintBytes` of it further on.
 */
export function readVarint(bytes: Uint8Array, at: number): number {
  let byte = bytes[at] as number;
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  for (let shift = 7, place = at + 1; shift < 35; shift += 7, place++) {
    byte = bytes[place] as number;
    if (byte < 0x80) {
      const isShortest = byte > 0 && (shift < 28 || byte < 0x10);
      return isShortest ? value + byte * 2 ** shift : -1;
    }
    value += (byte & 0x7f) * 2 ** shift;
  }
  return -1;
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

/** Up to here a loop is faster than a call out of JavaScript. */
const SHORT_BYTES = 48;

/** Copies `from[begin]` up to `from[end]` to `into[at]` and onward; returns the place after it. */
export function copyRange(
  from: Uint8Array,
  begin: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  if (end - begin > SHORT_BYTES) {
    into.set(from.subarray(begin, end), at);
    return at + end - begin;
  }
  let place = at;
  for (let index = begin; index < end; index++) into[place++] = from[index] as number;
  return place;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Whether `bytes` from `begin` up to `end` are UTF-8. */
export function isText(bytes: Uint8Array, begin: number, end: number): boolean {
  if (end - begin <= SHORT_BYTES) {
    let any = 0;
    for (let index = begin; index < end; index++) any |= bytes[index] as number;
    if (any < 0x80) return true;
  }
  try {
    utf8.decode(bytes.subarray(begin, end));
    return true;
  } catch {
    return false;
  }
}
