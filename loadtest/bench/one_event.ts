import { SERVER_FRAME_EVENTS_TAG } from "../../src/wire/gen/straight_line.ts";
import { readVarint, varintBytes } from "../../src/wire/scalars.ts";

/** Where the only event of a frame begins. */
export function eventAt(bytes: Uint8Array): number {
  const length = readVarint(bytes, 1);
  const begin = 1 + varintBytes(length);
  const isOne = bytes[0] === SERVER_FRAME_EVENTS_TAG && begin + length === bytes.length;
  if (!isOne) throw new Error("bench: not one event");
  return begin;
}
