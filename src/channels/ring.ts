import { recordEnd } from "../wire/lay.ts";

/** Messages of one channel that were delivered together. */
interface Chunk {
  readonly channel: number;
  /** The first message's number. */
  readonly first: number;
  readonly count: number;
  /** Message records (see wire/lay.ts). */
  readonly records: Uint8Array<ArrayBuffer>;
}

/** What a chunk costs beside its bytes: objects, array slots. An estimate, so that many tiny chunks count. */
const CHUNK_OVERHEAD_BYTES = 200;

/** Records in a row, and the number of the last one. */
export interface Run {
  readonly records: Uint8Array<ArrayBuffer>;
  readonly last: number;
}

/**
 * The newest messages of all channels, as the bytes that were delivered, for those who resume.
 * One bound for the whole server: what is oldest, wherever it is, goes first, so busy channels get
 * the room that quiet ones do not need.
 */
export class Ring {
  readonly #limitBytes: number;
  readonly #byChannel = new Map<number, Chunk[]>();
  /** All chunks in the order of their delivery; those before `#oldest` are gone. */
  #order: (Chunk | undefined)[] = [];
  #oldest = 0;
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a channel's next messages. `records` must not be changed afterwards. */
  push(channel: number, first: number, count: number, records: Uint8Array<ArrayBuffer>): void {
    const chunk: Chunk = { channel, first, count, records };
    const chunks = this.#byChannel.get(channel);
    if (chunks === undefined) this.#byChannel.set(channel, [chunk]);
    else chunks.push(chunk);
    this.#order.push(chunk);
    this.#bytes += records.length + CHUNK_OVERHEAD_BYTES;
    while (this.#bytes > this.#limitBytes) this.#dropOldest();
  }

  /**
   * The messages of a channel above `after`: as many as there are up to about `maxBytes` (at least
   * one). Undefined where the ring does not hold message `after + 1`.
   */
  after(channel: number, after: number, maxBytes: number): Run | undefined {
    const chunks = this.#byChannel.get(channel) ?? [];
    let index = chunks.findLastIndex((chunk) => chunk.first <= after + 1);
    const start = chunks[index];
    if (start === undefined || after + 1 >= start.first + start.count) return undefined;

    const parts = [skip(start, after + 1 - start.first)];
    let bytes = parts[0]?.length ?? 0;
    let last = start.first + start.count - 1;
    for (index += 1; index < chunks.length; index++) {
      const chunk = chunks[index] as Chunk;
      if (bytes + chunk.records.length > maxBytes) break;
      parts.push(chunk.records);
      bytes += chunk.records.length;
      last = chunk.first + chunk.count - 1;
    }
    const records = new Uint8Array(bytes);
    let at = 0;
    for (const part of parts) {
      records.set(part, at);
      at += part.length;
    }
    return { records, last };
  }

  #dropOldest(): void {
    const chunk = this.#order[this.#oldest] as Chunk;
    // Let go of at once; the slots are given up many at a time.
    this.#order[this.#oldest++] = undefined;
    this.#bytes -= chunk.records.length + CHUNK_OVERHEAD_BYTES;
    // Chunks go in the order of their coming, so a channel's oldest is its first.
    const chunks = this.#byChannel.get(chunk.channel);
    chunks?.shift();
    if (chunks?.length === 0) this.#byChannel.delete(chunk.channel);
    if (this.#oldest > 1024 && this.#oldest * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#oldest);
      this.#oldest = 0;
    }
  }
}

/** A chunk's records without the first `count`. */
function skip(chunk: Chunk, count: number): Uint8Array<ArrayBuffer> {
  let at = 0;
  for (let skipped = 0; skipped < count; skipped++) at = recordEnd(chunk.records, at);
  return chunk.records.subarray(at);
}
