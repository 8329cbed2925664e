/**
 * The open batch as bytes, so that it is handed to the writer thread as one transferred buffer.
 * An entry, little-endian:
 *
 *     u32 channel   0 for a ping, which has no message
 *     u32 author
 *     u32 length of the nonce, u32 length of the rest
 *     the nonce, UTF-8
 *     the rest: the encoded hubbub.v1.Message without its number
 */

import { type ClientFrameSendReader, putMessage } from "../wire/gen/straight_line.ts";
import { copyRange } from "../wire/scalars.ts";

const HEADER_BYTES = 16;
/** What an encoded message takes at most beside its author's name and its body. */
const MESSAGE_BESIDE_TEXT_BYTES = 40;
const FIRST_CAPACITY_BYTES = 64 * 1024;

/** Who wrote a message. */
export interface Author {
  readonly id: number;
  /** The name, UTF-8. */
  readonly nameBytes: Uint8Array;
}

/** A batch that is being filled. */
export class BatchWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get bytes(): number {
    return this.#length;
  }

  /** Hot: once a message. Encodes it, but for its number; nothing of `send` is kept. */
  addMessage(send: ClientFrameSendReader, author: Author, timeMs: number): void {
    const { channel, bytes, nonceBegin, nonceEnd, bodyBegin, bodyEnd } = send;
    const { id, nameBytes } = author;
    const textBytes = nonceEnd - nonceBegin + nameBytes.length + bodyEnd - bodyBegin;
    this.#reserve(HEADER_BYTES + MESSAGE_BESIDE_TEXT_BYTES + textBytes);
    const at = this.#length;
    const into = this.#bytes;
    const restAt = copyRange(bytes, nonceBegin, nonceEnd, into, at + HEADER_BYTES);
    const nameEnd = nameBytes.length;
    // biome-ignore format: one line for each of a field's parts says less than this.
    const end = putMessage(into, restAt, 0, channel, id, nameBytes, 0, nameEnd, timeMs, bytes, bodyBegin, bodyEnd);
    this.#header(at, channel, id, nonceEnd - nonceBegin, end - restAt);
    this.#length = end;
  }

  addPing(): void {
    this.#reserve(HEADER_BYTES);
    this.#header(this.#length, 0, 0, 0, 0);
    this.#length += HEADER_BYTES;
  }

  /** The batch so far, as a buffer of its own; this writer is empty afterwards. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #header(at: number, channel: number, author: number, nonceBytes: number, restBytes: number) {
    this.#view.setUint32(at, channel, true);
    this.#view.setUint32(at + 4, author, true);
    this.#view.setUint32(at + 8, nonceBytes, true);
    this.#view.setUint32(at + 12, restBytes, true);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** One entry of a batch. The arrays are views of the batch. */
export interface BatchEntry {
  /** 0 for a ping. */
  channel: number;
  author: number;
  nonce: Uint8Array<ArrayBuffer>;
  rest: Uint8Array<ArrayBuffer>;
}

/** Reads a batch's entries in order. */
export function* readBatch(batch: Uint8Array<ArrayBuffer>): Generator<BatchEntry> {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  let at = 0;
  while (at < batch.length) {
    const nonceAt = at + HEADER_BYTES;
    const restAt = nonceAt + view.getUint32(at + 8, true);
    const end = restAt + view.getUint32(at + 12, true);
    yield {
      channel: view.getUint32(at, true),
      author: view.getUint32(at + 4, true),
      nonce: batch.subarray(nonceAt, restAt),
      rest: batch.subarray(restAt, end),
    };
    at = end;
  }
}
