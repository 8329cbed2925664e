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

const HEADER_BYTES = 16;
const FIRST_CAPACITY_BYTES = 64 * 1024;

const utf8 = new TextEncoder();

/** A batch that is being filled. */
export class BatchWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #entries = 0;

  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#length;
  }

  /** Hot: once a message. */
  addMessage(channel: number, author: number, nonce: string, rest: Uint8Array): void {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    this.#reserve(HEADER_BYTES + nonce.length * 3 + rest.length);
    const at = this.#length;
    const nonceBytes = utf8.encodeInto(nonce, this.#bytes.subarray(at + HEADER_BYTES)).written;
    this.#header(at, channel, author, nonceBytes, rest.length);
    this.#bytes.set(rest, at + HEADER_BYTES + nonceBytes);
    this.#length = at + HEADER_BYTES + nonceBytes + rest.length;
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
    this.#entries = 0;
    return taken;
  }

  #header(at: number, channel: number, author: number, nonceBytes: number, restBytes: number) {
    this.#view.setUint32(at, channel, true);
    this.#view.setUint32(at + 4, author, true);
    this.#view.setUint32(at + 8, nonceBytes, true);
    this.#view.setUint32(at + 12, restBytes, true);
    this.#entries += 1;
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
