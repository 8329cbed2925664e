import { EVENT_MESSAGE_TAG, MESSAGE_SEQ_TAG } from "../../src/wire/gen/straight_line.ts";
import { readVarint, varintBytes } from "../../src/wire/scalars.ts";

/** Messages of one channel in a row: numbers `first` and onward. */
export interface Run {
  readonly channel: number;
  readonly first: number;
  readonly count: number;
  /** Of each message; 0 where its body has no stamp. */
  readonly dueUs: readonly number[];
}

interface Known extends Run {
  /** The frame, a copy. */
  readonly bytes: Buffer;
}

/** A power of two. Frames beyond it take the places of older ones. */
const PLACES = 4096;

/**
 * Frames that were read a moment ago. All receivers of a channel get the same bytes, so a frame that
 * is byte for byte one that was read already says the same, and comparing costs a fraction of
 * reading: with thousands of receivers that is nearly all of the tester's work. Every receiver's
 * every byte is still looked at.
 */
export class KnownFrames {
  readonly #places = new Array<Known | undefined>(PLACES);

  /** Hot. What the frame from `from` up to `to` says, if it is one of those. */
  find(bytes: Uint8Array, from: number, to: number): Run | undefined {
    // The first record: its tag and length, then those of the message, then number and channel.
    let at = from + 1 + varintBytes(readVarint(bytes, from + 1));
    if (bytes[at] !== EVENT_MESSAGE_TAG) return undefined;
    at += 1 + varintBytes(readVarint(bytes, at + 1));
    if (bytes[at] !== MESSAGE_SEQ_TAG) return undefined;
    const first = readVarint(bytes, at + 1);
    const channel = readVarint(bytes, at + 2 + varintBytes(first));
    const known = this.#places[placeOf(channel, first)];
    if (known === undefined || known.bytes.length !== to - from) return undefined;
    return known.bytes.compare(bytes, from, to) === 0 ? known : undefined;
  }

  /** Remembers what a frame says. */
  keep(bytes: Uint8Array, from: number, to: number, run: Run): void {
    const { channel, first } = run;
    const copy = Buffer.from(bytes.subarray(from, to));
    this.#places[placeOf(channel, first)] = { ...run, bytes: copy };
  }
}

function placeOf(channel: number, first: number): number {
  return (Math.imul(channel, 0x9e3779b1) + first) & (PLACES - 1);
}
