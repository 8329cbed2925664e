import { constants, inflateRawSync } from "node:zlib";

/** The bytes are no frame that the server may send here. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

interface Known {
  readonly compressed: Buffer;
  readonly plain: Buffer;
}

/** A message that would grow larger is refused. */
const MOST_BYTES = 16 * 1024 * 1024;
/** A power of two. Messages beyond it take the places of older ones. */
const PLACES = 4096;
/** How many bytes decide on the place. */
const KEY_BYTES = 8;
/** What a sender takes off the end of each message (RFC 7692, section 7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/**
 * Inflates messages that were compressed each by itself (permessage-deflate without context takeover).
 * All receivers of a channel get the same bytes, so it remembers what it has inflated:
 * comparing costs a fraction of that, and the tester has thousands of receivers.
 */
export class Inflater {
  readonly #places: (Known | undefined)[] = [];

  /**
   * Hot. The message whose compressed payload lies in `bytes` from `from` up to `to`; not to be written to.
   *
   * @throws FrameError where it cannot be inflated, or would be larger than 16 MiB.
   */
  inflate(bytes: Uint8Array, from: number, to: number): Uint8Array {
    const place = placeOf(bytes, from, to);
    const known = this.#places[place];
    if (known?.compressed.length === to - from && known.compressed.compare(bytes, from, to) === 0) {
      return known.plain;
    }
    const compressed = Buffer.from(bytes.subarray(from, to));
    const plain = inflated(compressed);
    this.#places[place] = { compressed, plain };
    return plain;
  }
}

function inflated(compressed: Buffer): Buffer {
  try {
    return inflateRawSync(Buffer.concat([compressed, TAIL]), {
      maxOutputLength: MOST_BYTES,
      // No message ends in a final block.
      finishFlush: constants.Z_SYNC_FLUSH,
    });
  } catch (error) {
    throw new FrameError(`a compressed message cannot be read: ${(error as Error).message}`);
  }
}

/** By the length and the bytes in the middle: the first and last ones are much alike. */
function placeOf(bytes: Uint8Array, from: number, to: number): number {
  let key = to - from;
  const begin = from + ((to - from) >> 1);
  const end = Math.min(to, begin + KEY_BYTES);
  for (let at = begin; at < end; at++) key = Math.imul(key ^ (bytes[at] as number), 0x01000193);
  return (key ^ (key >>> 15)) & (PLACES - 1);
}
