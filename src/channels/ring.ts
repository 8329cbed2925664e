import { messageRecordBytes, putMessageRecord, recordEnd } from "../wire/lay.ts";
import { Fifo } from "./fifo.ts";

/** Messages of one channel that were delivered together. */
interface Chunk {
  readonly channel: number;
  /** The first message's number. */
  readonly first: number;
  readonly count: number;
  /** Message records (see wire/lay.ts). */
  records: Uint8Array<ArrayBuffer>;
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
  readonly #byChannel = new Map<number, Fifo<Chunk>>();
  /** All chunks in the order of their delivery. */
  readonly #order = new Fifo<Chunk>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Hot: once a channel and batch (`bun run bench ring`). Keeps a channel's next messages. `records`
   * must not be changed afterwards.
   */
  push(channel: number, first: number, count: number, records: Uint8Array<ArrayBuffer>): void {
    const chunk: Chunk = { channel, first, count, records };
    let chunks = this.#byChannel.get(channel);
    if (chunks === undefined) {
      chunks = new Fifo();
      this.#byChannel.set(channel, chunks);
    }
    chunks.push(chunk);
    this.#order.push(chunk);
    this.#bytes += records.length + CHUNK_OVERHEAD_BYTES;
    while (this.#bytes > this.#limitBytes) this.#dropOldest();
  }

  /**
   * The messages of a channel above `after`: as many as there are up to about `maxBytes` (at least
   * one). Undefined where the ring does not hold message `after + 1`.
   */
  after(channel: number, after: number, maxBytes: number): Run | undefined {
    const chunks = this.#byChannel.get(channel);
    if (chunks === undefined) return undefined;
    let index = chunkWith(chunks, after + 1);
    const start = chunks.at(index);
    if (start === undefined || after + 1 >= start.first + start.count) return undefined;

    const parts = [skip(start, after + 1 - start.first)];
    let bytes = parts[0]?.length ?? 0;
    let last = start.first + start.count - 1;
    for (index += 1; index < chunks.length; index++) {
      const chunk = chunks.at(index) as Chunk;
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

  /** Puts another encoding of a message in the place of the one that is kept, if it is. */
  replace(channel: number, seq: number, encoded: Uint8Array): void {
    const chunks = this.#byChannel.get(channel);
    const chunk = chunks?.at(chunkWith(chunks, seq));
    if (chunk === undefined || seq >= chunk.first + chunk.count) return;
    const { records, first } = chunk;
    const after = skip(chunk, seq - first + 1);
    const begin = records.length - skip(chunk, seq - first).length;
    const length = messageRecordBytes(encoded.length);
    // Others may have been handed the old bytes, and go on with them.
    chunk.records = new Uint8Array(begin + length + after.length);
    chunk.records.set(records.subarray(0, begin));
    putMessageRecord(chunk.records, begin, encoded);
    chunk.records.set(after, begin + length);
    this.#bytes += chunk.records.length - records.length;
  }

  /** Forgets the messages of a channel. */
  forget(channel: number): void {
    const chunks = this.#byChannel.get(channel);
    for (let index = 0; index < (chunks?.length ?? 0); index++) {
      const chunk = chunks?.at(index) as Chunk;
      // The chunk itself goes when its turn has come.
      this.#bytes -= chunk.records.length;
      chunk.records = new Uint8Array(0);
    }
  }

  #dropOldest(): void {
    const chunk = this.#order.shift() as Chunk;
    this.#bytes -= chunk.records.length + CHUNK_OVERHEAD_BYTES;
    // Chunks go in the order of their coming, so a channel's oldest is its first.
    const chunks = this.#byChannel.get(chunk.channel);
    chunks?.shift();
    if (chunks?.length === 0) this.#byChannel.delete(chunk.channel);
  }
}

/** The place of the last chunk that begins at `seq` or before it, by bisection; -1 without one. */
function chunkWith(chunks: Fifo<Chunk>, seq: number): number {
  let low = -1;
  let high = chunks.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((chunks.at(middle) as Chunk).first <= seq) low = middle;
    else high = middle;
  }
  return low;
}

/** A chunk's records without the first `count`. */
function skip(chunk: Chunk, count: number): Uint8Array<ArrayBuffer> {
  let at = 0;
  for (let skipped = 0; skipped < count; skipped++) at = recordEnd(chunk.records, at);
  return chunk.records.subarray(at);
}
