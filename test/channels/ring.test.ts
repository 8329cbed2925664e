import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Ring, type Run } from "../../src/channels/ring.ts";
import { layMessageRecords } from "../../src/wire/lay.ts";

/** One message's bytes: any will do, as long as each can be told from the others. */
function messageOf(channel: number, seq: number, bytes: number): Uint8Array {
  return new Uint8Array(bytes).fill((channel * 31 + seq) % 256);
}

interface Pushed {
  readonly channel: number;
  readonly first: number;
  /** Each message, laid as a record of its own. */
  readonly records: Uint8Array<ArrayBuffer>[];
}

/** The ring as one would first think of it: all that was pushed, and what it weighs. */
class NaiveRing {
  #pushed: Pushed[] = [];

  constructor(readonly limitBytes: number) {}

  get bytes(): number {
    return this.#pushed.reduce((sum, { records }) => sum + bytesOf(records) + 200, 0);
  }

  push(pushed: Pushed): void {
    this.#pushed.push(pushed);
    while (this.bytes > this.limitBytes) this.#pushed.shift();
  }

  after(channel: number, after: number, maxBytes: number): Run | undefined {
    const chunks = this.#pushed
      .filter((pushed) => pushed.channel === channel)
      .map(({ first, records }) => ({
        first: Math.max(first, after + 1),
        records: records.slice(Math.max(0, after + 1 - first)),
        bytes: bytesOf(records),
      }))
      .filter(({ records }) => records.length > 0);
    const [start, ...rest] = chunks;
    if (start?.first !== after + 1) return undefined;
    const taken = [...start.records];
    for (const { records, bytes } of rest) {
      if (bytesOf(taken) + bytes > maxBytes) break;
      taken.push(...records);
    }
    return { records: laid(taken), last: after + taken.length };
  }
}

function bytesOf(records: readonly Uint8Array[]): number {
  return records.reduce((sum, { length }) => sum + length, 0);
}

function laid(records: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(records.flatMap((record) => [...record]));
}

/** Channels with the sizes of the messages that each is given, in order. */
const anyPushes = fc.array(
  fc.record({
    channel: fc.integer({ min: 1, max: 3 }),
    sizes: fc.array(fc.oneof(fc.nat(5), fc.integer({ min: 120, max: 135 }), fc.nat(400)), {
      minLength: 1,
      maxLength: 5,
    }),
  }),
  { maxLength: 25 },
);

/** Gives both rings the same, numbering each channel's messages; returns the channels' heads. */
function fill(
  rings: readonly [Ring, NaiveRing],
  pushes: readonly { channel: number; sizes: readonly number[] }[],
  check: () => void,
): Map<number, number> {
  const [ring, naive] = rings;
  const heads = new Map<number, number>();
  for (const { channel, sizes } of pushes) {
    const head = heads.get(channel) ?? 0;
    const records = sizes.map((bytes, index) =>
      layMessageRecords([messageOf(channel, head + 1 + index, bytes)]),
    );
    heads.set(channel, head + sizes.length);
    ring.push(channel, head + 1, sizes.length, laid(records));
    naive.push({ channel, first: head + 1, records });
    check();
  }
  return heads;
}

describe("the ring", () => {
  test("gives just what a naive one gives, whatever is pushed and asked for", () => {
    fc.assert(
      fc.property(anyPushes, fc.nat(3_000), fc.nat(1_500), (pushes, limitBytes, maxBytes) => {
        const ring = new Ring(limitBytes);
        const naive = new NaiveRing(limitBytes);
        const heads = fill([ring, naive], pushes, () => expect(ring.bytes).toBe(naive.bytes));
        for (const channel of [1, 2, 3, 4]) {
          for (let after = 0; after <= (heads.get(channel) ?? 0) + 1; after++) {
            expect(ring.after(channel, after, maxBytes)).toEqual(
              naive.after(channel, after, maxBytes),
            );
          }
        }
      }),
    );
  });

  test("never holds more than its bytes, over all channels", () => {
    fc.assert(
      fc.property(anyPushes, fc.nat(3_000), (pushes, limitBytes) => {
        const ring = new Ring(limitBytes);
        fill([ring, new NaiveRing(limitBytes)], pushes, () =>
          expect(ring.bytes).toBeLessThanOrEqual(limitBytes),
        );
      }),
    );
  });

  const record = (seq: number) => layMessageRecords([messageOf(1, seq, 100)]);

  test("lets the oldest go first, wherever it is, so that busy channels get the room", () => {
    // Room for ten messages with what each costs beside its bytes.
    const ring = new Ring(10 * (record(1).length + 200));
    for (const quiet of [1, 2]) ring.push(quiet, 1, 1, record(1));
    for (let seq = 1; seq <= 8; seq++) ring.push(3, seq, 1, record(seq));
    expect(ring.after(1, 0, 1_000)?.last).toBe(1);
    ring.push(3, 9, 1, record(9));
    expect(ring.after(1, 0, 1_000)).toBeUndefined();
    expect(ring.after(2, 0, 1_000)?.last).toBe(1);
    ring.push(3, 10, 1, record(10));
    expect(ring.after(2, 0, 1_000)).toBeUndefined();
    expect(ring.after(3, 0, 10_000)?.last).toBe(10);
  });

  test("holds nothing where it has no room at all", () => {
    const ring = new Ring(0);
    ring.push(1, 1, 1, record(1));
    expect(ring.bytes).toBe(0);
    expect(ring.after(1, 0, 1_000)).toBeUndefined();
  });

  test("gives at least one message, though it is larger than what was asked for", () => {
    const ring = new Ring(10_000);
    for (let seq = 1; seq <= 3; seq++) ring.push(1, seq, 1, record(seq));
    expect(ring.after(1, 0, 1)).toEqual({ records: record(1), last: 1 });
    expect(ring.after(1, 1, 2 * record(2).length)?.last).toBe(3);
  });

  test("goes on for ever with the memory of its bound: what it drops, it lets go of", () => {
    const ring = new Ring(5_000);
    const dropped: WeakRef<Uint8Array>[] = [];
    for (let seq = 1; seq <= 900; seq++) {
      const records = record(seq);
      dropped.push(new WeakRef(records));
      ring.push(1, seq, 1, records);
    }
    Bun.gc(true);
    // The collector may take a few for alive that it finds on the stack.
    expect(dropped.filter((reference) => reference.deref() !== undefined).length).toBeLessThan(100);
  });

  test("keeps its order over very many messages", () => {
    const ring = new Ring(20 * (record(1).length + 200));
    for (let seq = 1; seq <= 5_000; seq++) ring.push(1, seq, 1, record(seq));
    expect(ring.after(1, 4_980, 1_000_000)?.last).toBe(5_000);
    expect(ring.after(1, 4_979, 1_000_000)).toBeUndefined();
    expect(ring.after(1, 5_000, 1_000_000)).toBeUndefined();
  });
});

test("a message that is replaced is given in its new form, and weighs what that weighs", () => {
  fc.assert(
    fc.property(anyPushes, fc.nat(500), fc.nat(), (pushes, bytes, which) => {
      const [ring, expected] = [new Ring(1e6), new Ring(1e6)];
      const heads = new Map<number, number>();
      const all = pushes.flatMap(({ channel, sizes }) => sizes.map(() => channel));
      const target = all.length === 0 ? 0 : which % all.length;
      let index = 0;
      for (const { channel, sizes } of pushes) {
        const head = heads.get(channel) ?? 0;
        const before = sizes.map((size, at) => messageOf(channel, head + 1 + at, size));
        const after = before.map((message) =>
          index++ === target ? new Uint8Array(bytes).fill(255) : message,
        );
        ring.push(channel, head + 1, sizes.length, layMessageRecords(before));
        expected.push(channel, head + 1, sizes.length, layMessageRecords(after));
        heads.set(channel, head + sizes.length);
      }
      const channel = all[target] ?? 1;
      const seq = all.slice(0, target + 1).filter((other) => other === channel).length;
      ring.replace(channel, seq, new Uint8Array(bytes).fill(255));
      // Numbers that it does not hold are none of its business.
      ring.replace(channel, (heads.get(channel) ?? 0) + 1, new Uint8Array(3));
      ring.replace(9, 1, new Uint8Array(3));
      expect(ring.bytes).toBe(expected.bytes);
      for (const [channel, head] of heads) {
        for (let after = 0; after < head; after++) {
          expect(ring.after(channel, after, 1e6)).toEqual(
            expected.after(channel, after, 1e6) as Run,
          );
        }
      }
    }),
  );
});
