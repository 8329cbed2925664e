import { describe, expect, test } from "bun:test";
import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { BatchWriter, readBatch } from "../../src/store/batch.ts";
import { MessageSchema } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { incomingSend } from "../../src/wire/incoming_send.ts";

interface Message {
  readonly channel: number;
  readonly author: number;
  readonly name: string;
  readonly timeMs: number;
  readonly nonce: string;
  readonly body: string;
}

const anyUint32 = fc.integer({ min: 1, max: 2 ** 32 - 1 });
// From one byte of UTF-8 a character to four.
const anyText = (maxLength: number) => fc.string({ unit: "binary", minLength: 1, maxLength });

const anyEntry: fc.Arbitrary<Message | "ping"> = fc.oneof(
  { weight: 1, arbitrary: fc.constant("ping" as const) },
  {
    weight: 4,
    arbitrary: fc.record({
      channel: anyUint32,
      author: anyUint32,
      name: anyText(32),
      timeMs: fc.nat(2 ** 31),
      nonce: anyText(64),
      body: anyText(300),
    }),
  },
);

const utf8 = new TextEncoder();

function add(writer: BatchWriter, entry: Message | "ping"): void {
  if (entry === "ping") return writer.addPing();
  const { author, name, timeMs } = entry;
  writer.addMessage(incomingSend(1, entry), { id: author, nameBytes: utf8.encode(name) }, timeMs);
}

/** What the writer thread should find: the message as the protobuf library encodes it. */
function expected(entry: Message | "ping") {
  if (entry === "ping") return { channel: 0, author: 0, nonce: "", rest: new Uint8Array(0) };
  const { channel, author: authorId, name: author, timeMs, nonce, body } = entry;
  const message = create(MessageSchema, { channel, authorId, author, timeMs, body });
  return { channel, author: authorId, nonce, rest: toBinary(MessageSchema, message) };
}

function read(batch: Uint8Array<ArrayBuffer>) {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return [...readBatch(batch)].map((entry) => ({
    ...entry,
    nonce: decoder.decode(entry.nonce),
    rest: entry.rest.slice(),
  }));
}

function message(body: string, nonce = "n"): Message {
  return { channel: 1, author: 2, name: "ada", timeMs: 1_700_000_000_000, nonce, body };
}

describe("a batch", () => {
  test("is read as it was written, in order, whatever is in it", () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 40 }), (entries) => {
        const writer = new BatchWriter();
        for (const entry of entries) add(writer, entry);
        const bytes = writer.bytes;
        const batch = writer.take();
        expect(batch.length).toBe(bytes);
        expect(read(batch)).toEqual(entries.map(expected));
      }),
    );
  });

  test("keeps what it holds when it outgrows its first capacity, again and again", () => {
    const writer = new BatchWriter();
    const entries = Array.from({ length: 400 }, (_, index) =>
      message(String.fromCharCode(97 + (index % 26)).repeat(1000), `nonce-${index}-Ω👋`),
    );
    for (const entry of entries) add(writer, entry);
    expect(writer.bytes).toBeGreaterThan(6 * 64 * 1024);
    expect(read(writer.take())).toEqual(entries.map(expected));
  });

  test("takes an entry that is larger than any capacity before it", () => {
    const writer = new BatchWriter();
    const large = message("ab".repeat(512 * 1024), "\u{10ffff}".repeat(16));
    const entries = ["ping", large, "ping"] as const;
    for (const entry of entries) add(writer, entry);
    expect(read(writer.take())).toEqual(entries.map(expected));
  });

  test("that is as full as its capacity to the byte is read whole", () => {
    const besideBodyBytes = 16 + 1 + expected(message("x".repeat(60_000))).rest.length - 60_000;
    for (let spare = 0; spare <= 80; spare++) {
      const writer = new BatchWriter();
      const filling = message("y".repeat(64 * 1024 - besideBodyBytes - spare));
      add(writer, filling);
      expect(writer.bytes).toBe(64 * 1024 - spare);
      add(writer, "ping");
      add(writer, message("after"));
      expect(read(writer.take())).toEqual(
        [filling, "ping" as const, message("after")].map(expected),
      );
    }
  });

  test("is a buffer of its own: the writer goes on without touching it", () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyEntry, { maxLength: 10 }), { maxLength: 5 }), (rounds) => {
        const writer = new BatchWriter();
        const taken = rounds.map((entries) => {
          for (const entry of entries) add(writer, entry);
          const batch = writer.take();
          expect(writer.bytes).toBe(0);
          return batch;
        });
        expect(taken.map(read)).toEqual(rounds.map((entries) => entries.map(expected)));
      }),
    );
  });

  test("can be transferred to another thread, and the writer used again", () => {
    const writer = new BatchWriter();
    add(writer, "ping");
    const batch = writer.take();
    structuredClone(batch, { transfer: [batch.buffer] });
    expect(batch.length).toBe(0);
    add(writer, "ping");
    expect(read(writer.take())).toEqual([expected("ping")]);
  });

  test("without an entry is empty", () => {
    expect(read(new BatchWriter().take())).toEqual([]);
  });
});
