import { beforeEach, describe, expect, test } from "bun:test";
import { fromBinary, fromJsonString } from "@bufbuild/protobuf";
import { type Channel, type EncodingName, LANES } from "../../src/channels/channel.ts";
import { Channels } from "../../src/channels/channels.ts";
import { Delivery } from "../../src/channels/delivery.ts";
import { Ring } from "../../src/channels/ring.ts";
import { Counters } from "../../src/monitor/counters.ts";
import type { CommitResult } from "../../src/store/committer.ts";
import type { RunJob } from "../../src/store/jobs.ts";
import type { Outgoing } from "../../src/wire/encoding.ts";
import { ServerFrameSchema } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { type Draft, drafts, frameOf } from "../store/batches.ts";

const noJobs: RunJob = () => Promise.reject(new Error("no job was to be run"));

let channels: Channels;
let ring: Ring;
let counters: Counters;
let published: { topic: string; frame: Outgoing }[];
let delivery: Delivery;

beforeEach(() => {
  const stored = [1, 2].map((id) => ({ id, name: `c${id}`, head: 0, members: 0 }));
  channels = new Channels(stored, { run: noJobs, limit: 10, now: () => 0 });
  ring = new Ring(10_000_000);
  counters = new Counters();
  published = [];
  delivery = newDelivery();
});

function newDelivery(socketsPerTurn = Number.POSITIVE_INFINITY): Delivery {
  const publish = (topic: string, frame: Outgoing) => published.push({ topic, frame });
  return new Delivery({ channels, ring, publish, counters, socketsPerTurn });
}

/** So many sockets, in one lane, receive a channel. */
function receive(id: number, encoding: EncodingName, sockets: number, lane = 0): void {
  for (let count = 0; count < sockets; count++) channel(id).received(encoding, lane);
}

/** Delivers a batch in one turn. */
function deliver(result: CommitResult): void {
  delivery.deliver(result);
  expect(delivery.showNext()).toBe(false);
}

function channel(id: number): Channel {
  return channels.get(id) as Channel;
}

/** What the committer says of a batch with these messages, numbered after each channel's head. */
function committed(...batches: (readonly Draft[])[]): CommitResult {
  let at = 0;
  const parts: Uint8Array[] = [];
  const spans = batches.map((batch) => {
    const id = (batch[0] as Draft).channel;
    const first = channel(id).head + 1;
    const records = frameOf(batch, first);
    parts.push(records);
    const begin = at;
    at += records.length;
    return { channel: id, first, count: batch.length, begin, end: at };
  });
  return {
    outcomes: new Uint8Array(),
    seqs: new Uint32Array(),
    duplicates: [],
    records: new Uint8Array(Buffer.concat(parts)),
    channels: spans,
    commitMs: 1,
  };
}

function seqsIn(frame: Outgoing): number[] {
  const { events } =
    typeof frame === "string"
      ? fromJsonString(ServerFrameSchema, frame)
      : fromBinary(ServerFrameSchema, frame);
  return events.flatMap(({ event }) => (event.case === "message" ? [event.value.seq] : []));
}

describe("a batch", () => {
  test("is published once a channel, encoding and lane, whatever the number of receivers", () => {
    receive(1, "binary", 1_000);
    receive(1, "binary", 2, LANES - 1);
    receive(1, "json", 10);
    receive(2, "binary", 1);
    deliver(committed(drafts(1, 50, "a"), drafts(2, 3, "b")));
    expect(published.map(({ topic, frame }) => [topic, seqsIn(frame).length])).toEqual([
      [channel(1).topic("binary", 0), 50],
      [channel(1).topic("json", 0), 50],
      [channel(2).topic("binary", 0), 3],
      [channel(1).topic("binary", LANES - 1), 50],
    ]);
  });

  test("is published as the committer's own bytes, encoded by nobody again", () => {
    receive(2, "binary", 1);
    deliver(committed(drafts(1, 2, "a"), drafts(2, 3, "b")));
    expect(published[0]?.frame).toEqual(frameOf(drafts(2, 3, "b"), 1));
  });

  test("is put into JSON once, however many lanes want it", () => {
    for (let lane = 0; lane < LANES; lane++) receive(1, "json", 1, lane);
    deliver(committed(drafts(1, 5, "a")));
    expect(published).toHaveLength(LANES);
    expect(new Set(published.map(({ frame }) => frame)).size).toBe(1);
  });

  test("is not published, nor put into JSON, where nobody listens", () => {
    deliver(committed(drafts(1, 5, "a")));
    expect(published).toEqual([]);
    expect(counters.deliveriesOut).toBe(0);
    // Those who come later find it all the same.
    expect(channel(1).head).toBe(5);
    expect(ring.after(1, 0, 1_000_000)?.last).toBe(5);
  });

  test("moves the head and fills the ring before anybody is published to", () => {
    receive(1, "binary", 1);
    delivery.deliver(committed(drafts(1, 5, "a")));
    expect(published).toEqual([]);
    expect([channel(1).head, ring.after(1, 0, 1_000_000)?.last]).toEqual([5, 5]);
  });

  test("counts a message to ten receivers as ten deliveries", () => {
    receive(1, "binary", 4);
    receive(1, "binary", 3, 5);
    receive(1, "json", 3);
    receive(2, "json", 1);
    deliver(committed(drafts(1, 4, "a"), drafts(2, 2, "b")));
    deliver(committed(drafts(1, 1, "c")));
    expect(counters.deliveriesOut).toBe(4 * 10 + 2 + 10);
  });

  test("follows on the one before: each head goes on where it was", () => {
    deliver(committed(drafts(1, 2, "a")));
    deliver(committed(drafts(1, 3, "b"), drafts(2, 1, "c")));
    expect([channel(1).head, channel(2).head]).toEqual([5, 1]);
    expect(seqsIn(ring.after(1, 1, 1_000_000)?.records ?? "{}")).toEqual([2, 3, 4, 5]);
  });

  test("that is large goes out in frames that are not, with every message once, in order", () => {
    receive(1, "binary", 2);
    receive(1, "json", 1);
    deliver(committed(drafts(1, 100, "a", "x".repeat(10_000))));
    const of = (encoding: EncodingName) =>
      published.filter(({ topic }) => topic === channel(1).topic(encoding, 0));
    const binary = of("binary");
    expect(binary.length).toBeGreaterThan(1);
    for (const { frame } of binary) expect(frame.length).toBeLessThanOrEqual(256 * 1024);
    const expected = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(binary.flatMap(({ frame }) => seqsIn(frame))).toEqual(expected);
    expect(of("json").flatMap(({ frame }) => seqsIn(frame))).toEqual(expected);
    expect(ring.after(1, 0, 10_000_000)?.last).toBe(100);
    expect(counters.deliveriesOut).toBe(300);
  });

  test("with one message larger than any frame should be goes out nevertheless", () => {
    receive(1, "binary", 1);
    deliver(committed(drafts(1, 3, "a", "x".repeat(300_000))));
    expect(published.map(({ frame }) => seqsIn(frame))).toEqual([[1], [2], [3]]);
    expect(channel(1).head).toBe(3);
  });
});

describe("a batch with many receivers", () => {
  beforeEach(() => {
    delivery = newDelivery(100);
    for (let lane = 0; lane < LANES; lane++) {
      receive(1, "binary", 60, lane);
      receive(2, "binary", 10, lane);
    }
  });

  test("is shown lane by lane, a turn's worth at a time, to everybody once", () => {
    delivery.deliver(committed(drafts(1, 2, "a"), drafts(2, 1, "b")));
    const turns: number[] = [];
    let before = 0;
    for (let hasMore = true; hasMore; before = published.length) {
      hasMore = delivery.showNext();
      turns.push(published.length - before);
    }
    // A lane has 70 sockets, so that a turn of 100 has two.
    expect(turns).toEqual(new Array(LANES / 2).fill(4));
    expect(new Set(published.map(({ topic }) => topic)).size).toBe(2 * LANES);
    expect(counters.deliveriesOut).toBe(LANES * (2 * 60 + 10));
  });

  test("is under way until the last lane has been shown it, and over in that turn", async () => {
    expect(delivery.isUnderWay).toBe(false);
    delivery.deliver(committed(drafts(1, 1, "a")));
    expect([delivery.isUnderWay, delivery.isShown(0)]).toEqual([true, false]);
    let isOver = false;
    const over = delivery.over().then(() => {
      isOver = true;
    });
    delivery.showNext();
    expect([delivery.isShown(1), delivery.isShown(2), isOver]).toEqual([true, false, false]);
    while (delivery.showNext());
    expect([delivery.isUnderWay, delivery.isShown(LANES - 1)]).toEqual([false, true]);
    await over;
    await delivery.over();
  });

  test("is not followed by another before it is over", () => {
    delivery.deliver(committed(drafts(1, 1, "a")));
    delivery.showNext();
    expect(() => delivery.deliver(committed(drafts(1, 1, "b")))).toThrow("before the last one");
  });
});

describe("what must never happen stops the server's delivery", () => {
  test("a gap in a channel's numbers", () => {
    const result = committed(drafts(1, 2, "a"));
    channel(1).head = 5;
    expect(() => delivery.deliver(result)).toThrow("a gap in the numbers");
  });

  test("a message of a channel that does not exist", () => {
    const result = committed(drafts(1, 1, "a"));
    const lost = { ...result, channels: result.channels.map((span) => ({ ...span, channel: 9 })) };
    expect(() => delivery.deliver(lost)).toThrow("a message without a channel");
  });
});
