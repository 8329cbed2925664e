import { beforeEach, describe, expect, test } from "bun:test";
import { Outcome } from "../../src/store/committer.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { incomingSend } from "../../src/wire/incoming_send.ts";
import { type AtWriter, LogBench, nobody } from "./fake_writer.ts";

let bench: LogBench;
beforeEach(() => {
  bench = new LogBench();
});

/** The batch at the writer, of which there must be one. */
function writing(): AtWriter {
  expect(bench.atWriter).toHaveLength(1);
  return bench.atWriter[0] as AtWriter;
}

const sent = (request: number, seq: number) =>
  ({ what: "sent", request, seq, duplicate: false }) as const;
const ponged = (request: number) => ({ what: "ponged", request }) as const;
const refused = (request: number, code: ErrorCode) =>
  ({ what: "refused", request, code, retryAfterMs: expect.any(Number) }) as const;
const delivered = (messages: number) => ({ what: "delivered", messages }) as const;
const settled = { what: "settled" } as const;

describe("group commit", () => {
  test("takes what comes within one turn of the event loop as one batch", () => {
    bench.send(1);
    bench.send(2);
    expect(bench.atWriter).toHaveLength(0);
    bench.turn();
    expect(writing().entries).toHaveLength(2);
  });

  test("has one batch at the writer; meanwhile the next one fills, however much comes", async () => {
    bench.send(1);
    bench.turn();
    for (let request = 2; request <= 300; request++) bench.send(request);
    expect(bench.clock.hasTimers).toBe(false);
    expect(writing().entries).toHaveLength(1);
    await writing().succeed();
    bench.turn();
    expect(writing().entries).toHaveLength(299);
  });

  test("hands over nothing while there is nothing", async () => {
    bench.send(1);
    bench.turn();
    await writing().succeed();
    expect(bench.clock.hasTimers).toBe(false);
    expect(bench.atWriter).toHaveLength(0);
  });

  test("keeps the order in which messages came, pings among them", async () => {
    bench.send(1, 7);
    bench.log.ping(bench.sender, 2);
    bench.send(3, 8);
    bench.turn();
    expect(writing().entries.map(({ channel }) => channel)).toEqual([7, 0, 8]);
    await writing().succeed();
    expect(bench.take()).toEqual([delivered(2), sent(1, 1), ponged(2), sent(3, 1), settled]);
  });

  test("waits after a delivery as long as it is told to, and no longer", async () => {
    bench.paceMs = 20;
    bench.send(1);
    bench.turn();
    await writing().succeed();
    const deliveredMs = bench.clock.nowMs();
    bench.send(2);
    bench.turn();
    expect(bench.clock.nowMs()).toBe(deliveredMs + 20);
    await writing().succeed();
    // Once that time is over, an idle log waits for nothing.
    bench.clock.pass(1000);
    const laterMs = bench.clock.nowMs();
    bench.send(3);
    bench.turn();
    expect(bench.clock.nowMs()).toBe(laterMs);
  });
});

describe("the batch after one that is being written to the sockets", () => {
  test("is handed over when that is done, and the wait for it is over", async () => {
    bench.areWritesSlow = true;
    bench.paceMs = 40;
    bench.send(1);
    bench.turn();
    await writing().succeed();
    bench.send(2);
    expect(bench.clock.hasTimers).toBe(false);
    bench.clock.pass(5);
    bench.writtenOut();
    expect(bench.fanOutsMs).toEqual([5]);
    const writtenMs = bench.clock.nowMs();
    bench.turn();
    expect(bench.clock.nowMs()).toBe(writtenMs + 40);
    expect(writing().entries).toHaveLength(1);
  });

  test("is handed over only when all receivers have the one before, however many turns it takes", async () => {
    bench.areWritesSlow = true;
    bench.turns = [true, true, false];
    bench.send(1);
    bench.turn();
    await writing().succeed();
    bench.send(2);
    // The answers of those who have been shown the batch go out turn by turn.
    expect(bench.take()).toEqual([delivered(1), sent(1, 1), settled]);
    for (const _ of [1, 2]) {
      bench.clock.pass(3);
      bench.writtenOut();
      expect(bench.take()).toEqual([settled]);
      expect(bench.shown).toBe(0);
      expect(bench.clock.hasTimers).toBe(false);
    }
    bench.clock.pass(3);
    bench.writtenOut();
    expect(bench.shown).toBe(1);
    expect(bench.fanOutsMs).toEqual([9]);
    bench.turn();
    expect(writing().entries).toHaveLength(1);
  });

  test("is paced by the messages that a frame carried", async () => {
    for (const channel of [1, 1, 1, 2]) bench.send(1, channel);
    bench.log.ping(bench.sender, 2);
    bench.turn();
    await writing().succeed();
    expect(bench.messagesPerFrame).toEqual([2]);
  });

  test("is waited for when the log closes", async () => {
    bench.areWritesSlow = true;
    bench.send(1);
    bench.turn();
    let isClosed = false;
    const closed = bench.log.close().then(() => {
      isClosed = true;
    });
    await writing().succeed();
    expect(isClosed).toBe(false);
    bench.writtenOut();
    await closed;
  });
});

describe("a sender", () => {
  test("is told `sent` only when the batch is committed, and after the receivers", async () => {
    bench.send(1);
    bench.turn();
    expect(bench.take()).toEqual([]);
    await writing().succeed();
    expect(bench.take()).toEqual([delivered(1), sent(1, 1), settled]);
  });

  test("of a duplicate is told the first message's place and time", async () => {
    const told: unknown[] = [];
    const sender = { ...bench.sender, sent: (...args: unknown[]) => told.push(args) };
    bench.send(1);
    const again = incomingSend(2, { channel: 1, nonce: "again", body: "x" });
    bench.log.send(sender, again, nobody, 99);
    bench.turn();
    await writing().succeed({
      outcomes: Uint8Array.of(Outcome.KEPT, Outcome.DUPLICATE),
      duplicates: [{ entry: 1, channel: 5, seq: 77, encoded: Uint8Array.of(33) }],
    });
    expect(told).toEqual([[2, 5, 77, 33, true]]);
    expect(bench.counters.duplicates).toBe(1);
    expect(bench.counters.messagesIn).toBe(1);
  });

  test("of a channel without numbers left is refused for good", async () => {
    bench.send(1);
    bench.turn();
    await writing().succeed({ outcomes: Uint8Array.of(Outcome.CHANNEL_FULL), channels: [] });
    expect(bench.take()).toEqual([
      delivered(0),
      { what: "refused", request: 1, code: ErrorCode.CHANNEL_FULL, retryAfterMs: 0 },
      settled,
    ]);
  });

  test("is told to wait a while before it tries a disk that refuses writes", async () => {
    bench.send(1);
    bench.turn();
    await writing().fail();
    const refusal = bench.take().find(({ what }) => what === "refused");
    expect(refusal).toMatchObject({ retryAfterMs: 1000 });
  });
});

describe("a transaction that fails", () => {
  test("refuses its batch and the one behind it, and shows nothing of either", async () => {
    bench.send(1);
    bench.log.ping(bench.sender, 2);
    bench.turn();
    bench.send(3);
    bench.log.ping(bench.sender, 4);
    await writing().fail();
    expect(bench.take()).toEqual([
      ...[1, 2, 3, 4].map((request) => refused(request, ErrorCode.STORE_UNAVAILABLE)),
      // Last: telling the operator may fail, too, where the log is on the same disk.
      { what: "unavailable" },
      settled,
    ]);
    expect(bench.atWriter).toHaveLength(0);
    expect(bench.counters.batchesFailed).toBe(1);
    expect(bench.counters.messagesIn).toBe(0);
  });

  test("refuses everybody after it until a probe has written again", async () => {
    bench.send(1);
    bench.turn();
    await writing().fail();
    expect(bench.log.available).toBe(false);
    bench.take();
    bench.send(2);
    bench.log.ping(bench.sender, 3);
    expect(bench.take()).toEqual([
      refused(2, ErrorCode.STORE_UNAVAILABLE),
      refused(3, ErrorCode.STORE_UNAVAILABLE),
    ]);

    bench.turn();
    await bench.probes[0]?.fail();
    expect(bench.log.available).toBe(false);
    bench.turn();
    await bench.probes[1]?.succeed();
    expect(bench.log.available).toBe(true);
    expect(bench.take()).toEqual([{ what: "available" }]);

    bench.send(4);
    bench.turn();
    expect(writing().entries).toHaveLength(1);
    await writing().succeed();
    expect(bench.take()).toEqual([delivered(1), sent(4, 1), settled]);
  });

  test("is tried again half a second later, one probe at a time", async () => {
    bench.send(1);
    bench.turn();
    const failedMs = bench.clock.nowMs();
    await writing().fail();
    bench.turn();
    expect(bench.clock.nowMs()).toBe(failedMs + 500);
    expect(bench.probes).toHaveLength(1);
    expect(bench.clock.hasTimers).toBe(false);
  });
});

describe("the bound of what waits for the disk", () => {
  const refusals = () => bench.take().filter(({ what }) => what === "refused");

  test("refuses what goes beyond it, at once and with a time to wait", async () => {
    bench = new LogBench(1000);
    bench.send(1, 1, 800);
    bench.send(2, 1, 800);
    expect(bench.take()).toEqual([
      { what: "refused", request: 2, code: ErrorCode.OVERLOADED, retryAfterMs: 250 },
    ]);
    // What is small still fits.
    bench.send(3, 1, 10);
    expect(bench.take()).toEqual([]);
    bench.turn();
    expect(writing().entries).toHaveLength(2);
  });

  test("counts what is handed over no longer", () => {
    bench = new LogBench(1000);
    bench.send(1, 1, 800);
    bench.turn();
    bench.send(2, 1, 800);
    expect(refusals()).toEqual([]);
    bench.send(3, 1, 800);
    expect(refusals()).toHaveLength(1);
  });

  test("holds for messages of any size, and for pings, to within one entry's header", () => {
    const queueBytes = 5_000;
    // 16 bytes and the nonce: what an entry takes beside the encoded message.
    const headerBytes = 16 + 64;
    for (const bytes of [0, 1, 7, 300, 4_999, 5_000]) {
      bench = new LogBench(queueBytes);
      for (let request = 1; request <= 1000; request++) {
        if (request % 3 === 0) bench.log.ping(bench.sender, request);
        else bench.send(request, 1, bytes);
      }
      expect(refusals().length).toBeGreaterThan(0);
      bench.turn();
      expect(writing().bytes).toBeLessThanOrEqual(queueBytes + headerBytes);
    }
  });
});

describe("closing", () => {
  test("is done at once where nothing is under way", async () => {
    await bench.log.close();
    bench.send(1);
    bench.log.ping(bench.sender, 2);
    expect(bench.take()).toEqual([
      refused(1, ErrorCode.GOING_AWAY),
      refused(2, ErrorCode.GOING_AWAY),
    ]);
  });

  test("waits for the batch at the writer and the one behind it, and takes nothing more", async () => {
    let isClosed = false;
    bench.send(1);
    bench.turn();
    bench.send(2);
    const closed = bench.log.close().then(() => {
      isClosed = true;
    });
    bench.send(3);
    expect(bench.take()).toEqual([refused(3, ErrorCode.GOING_AWAY)]);
    await writing().succeed();
    expect(isClosed).toBe(false);
    bench.turn();
    await writing().succeed();
    await closed;
    expect(bench.take()).toEqual([
      delivered(1),
      sent(1, 1),
      settled,
      delivered(1),
      sent(2, 2),
      settled,
    ]);
  });

  test("waits for a batch that has not been handed over yet", async () => {
    bench.send(1);
    const closed = bench.log.close();
    bench.turn();
    await writing().succeed();
    await closed;
    expect(bench.take()).toEqual([delivered(1), sent(1, 1), settled]);
  });

  test("ends, too, when the last batch fails, and probes no more", async () => {
    bench.send(1);
    bench.turn();
    bench.send(2);
    const closed = bench.log.close();
    await writing().fail();
    await closed;
    while (bench.clock.hasTimers) bench.turn();
    expect(bench.probes).toEqual([]);
  });
});
