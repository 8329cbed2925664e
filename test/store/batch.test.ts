import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BatchWriter, readBatch } from "../../src/store/batch.ts";

interface Entry {
  readonly channel: number;
  readonly author: number;
  readonly nonce: string;
  readonly rest: Uint8Array;
}

const anyUint32 = fc.integer({ min: 1, max: 2 ** 32 - 1 });
const ping: Entry = { channel: 0, author: 0, nonce: "", rest: new Uint8Array(0) };

const anyEntry: fc.Arbitrary<Entry> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(ping) },
  {
    weight: 4,
    arbitrary: fc.record({
      channel: anyUint32,
      author: anyUint32,
      // From one byte of UTF-8 a character to four.
      nonce: fc.string({ unit: "binary", minLength: 1, maxLength: 64 }),
      rest: fc.uint8Array({ maxLength: 300 }),
    }),
  },
);

function add(writer: BatchWriter, { channel, author, nonce, rest }: Entry): void {
  if (channel === 0) writer.addPing();
  else writer.addMessage(channel, author, nonce, rest);
}

function read(batch: Uint8Array<ArrayBuffer>): Entry[] {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return [...readBatch(batch)].map((entry) => ({
    ...entry,
    nonce: utf8.decode(entry.nonce),
    rest: entry.rest.slice(),
  }));
}

describe("a batch", () => {
  test("is read as it was written, in order, whatever is in it", () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 40 }), (entries) => {
        const writer = new BatchWriter();
        for (const entry of entries) add(writer, entry);
        expect(writer.entries).toBe(entries.length);
        const bytes = writer.bytes;
        const batch = writer.take();
        expect(batch.length).toBe(bytes);
        expect(read(batch)).toEqual(entries);
      }),
    );
  });

  test("keeps what it holds when it outgrows its first capacity, again and again", () => {
    const writer = new BatchWriter();
    const entries = Array.from({ length: 400 }, (_, index) => ({
      channel: index + 1,
      author: 7,
      nonce: `nonce-${index}-Ω👋`,
      rest: new Uint8Array(1000).fill(index),
    }));
    for (const entry of entries) add(writer, entry);
    expect(writer.bytes).toBeGreaterThan(6 * 64 * 1024);
    expect(read(writer.take())).toEqual(entries);
  });

  test("takes an entry that is larger than any capacity before it", () => {
    const writer = new BatchWriter();
    const large = {
      channel: 1,
      author: 2,
      nonce: "\u{10ffff}".repeat(16),
      rest: new Uint8Array(1024 * 1024).fill(0xab),
    };
    add(writer, ping);
    add(writer, large);
    add(writer, ping);
    expect(read(writer.take())).toEqual([ping, large, ping]);
  });

  test("that is as full as its capacity to the byte is read whole", () => {
    for (const spare of [0, 1, 15, 16, 17]) {
      const writer = new BatchWriter();
      const filling = {
        channel: 1,
        author: 2,
        nonce: "n",
        rest: new Uint8Array(64 * 1024 - 16 - 1 - spare).fill(1),
      };
      add(writer, filling);
      add(writer, ping);
      expect(read(writer.take())).toEqual([filling, ping]);
    }
  });

  test("is a buffer of its own: the writer goes on without touching it", () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyEntry, { maxLength: 10 }), { maxLength: 5 }), (rounds) => {
        const writer = new BatchWriter();
        const taken = rounds.map((entries) => {
          for (const entry of entries) add(writer, entry);
          const batch = writer.take();
          expect(writer.entries).toBe(0);
          expect(writer.bytes).toBe(0);
          return batch;
        });
        expect(taken.map(read)).toEqual(rounds);
      }),
    );
  });

  test("can be transferred to another thread, and the writer used again", () => {
    const writer = new BatchWriter();
    add(writer, ping);
    const batch = writer.take();
    structuredClone(batch, { transfer: [batch.buffer] });
    expect(batch.length).toBe(0);
    add(writer, ping);
    expect(read(writer.take())).toEqual([ping]);
  });

  test("without an entry is empty", () => {
    expect(read(new BatchWriter().take())).toEqual([]);
  });
});
