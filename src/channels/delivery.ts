import type { Counters } from "../monitor/counters.ts";
import type { CommitResult } from "../store/committer.ts";
import type { Outgoing } from "../wire/encoding.ts";
import { json } from "../wire/json.ts";
import { recordEnd } from "../wire/lay.ts";
import { type Channel, LANES } from "./channel.ts";
import type { Channels } from "./channels.ts";
import type { Ring } from "./ring.ts";

/** A frame holds at most this many bytes, but always one message: other clients have bounds too. */
const FRAME_BYTES = 256 * 1024;

interface Options {
  readonly channels: Channels;
  readonly ring: Ring;
  /** Hands a frame to every subscriber of a topic. A broker between servers would take this place. */
  readonly publish: (topic: string, frame: Outgoing) => void;
  readonly counters: Counters;
  /** A turn ends with the lane that passes so many sockets, counting one for each of its channels. */
  readonly socketsPerTurn: number;
}

/** What a batch brings to one channel. */
interface News {
  readonly channel: Channel;
  readonly parts: readonly Part[];
  /** The parts in JSON; made when the first receiver asks for it. */
  jsonFrames: readonly Outgoing[] | undefined;
}

interface Part {
  readonly records: Uint8Array<ArrayBuffer>;
  readonly count: number;
}

/**
 * Shows committed messages to their receivers: one frame a channel (more where it would be large),
 * the same bytes for all. Where there are many receivers it takes several turns of the event loop:
 * `deliver` begins, and `showNext` is called until it is over.
 *
 * While that is under way, some connections have seen a channel's newest messages and others have
 * not, so nothing may begin or end receiving, but for a channel that is not in the batch and for
 * sockets that close: see `over`.
 */
export class Delivery {
  readonly #options: Options;
  #news: readonly News[] = [];
  /** Lanes below it have been shown the news. */
  #nextLane = LANES;
  #over = Promise.withResolvers<void>();

  constructor(options: Options) {
    this.#options = options;
  }

  get isUnderWay(): boolean {
    return this.#nextLane < LANES;
  }

  /** Whether connections of the lane have been shown all there is. */
  isShown(lane: number): boolean {
    return lane < this.#nextLane;
  }

  /** Resolves in the turn in which the last receivers are shown what is being delivered. */
  async over(): Promise<void> {
    while (this.isUnderWay) await this.#over.promise;
  }

  /** Hot: once a batch. Begins to deliver it; the one before must be over. */
  deliver(result: CommitResult): void {
    const { channels, ring } = this.#options;
    if (this.isUnderWay) throw new Error("channels/delivery: a batch before the last one was over");
    this.#news = result.channels.map(({ channel: id, begin, end, first, count }) => {
      const channel = channels.everHad(id);
      if (channel === undefined) throw new Error("channels/delivery: a message without a channel");
      if (first !== channel.head + 1) throw new Error("channels/delivery: a gap in the numbers");
      // A copy, so that the ring does not keep the whole batch for one channel's sake.
      const parts = partsOf(result.records.slice(begin, end), count);
      for (const { records, count } of parts) {
        ring.push(id, channel.head + 1, count, records);
        channel.head += count;
      }
      return { channel, parts, jsonFrames: undefined };
    });
    this.#nextLane = 0;
  }

  /** Hot. Shows the batch to a turn's worth of its receivers; returns whether there are more. */
  showNext(): boolean {
    const { socketsPerTurn } = this.#options;
    for (let sockets = 0; this.isUnderWay && sockets < socketsPerTurn; this.#nextLane++) {
      for (const news of this.#news) sockets += this.#show(news, this.#nextLane);
    }
    if (this.isUnderWay) return true;
    this.#news = [];
    this.#over.resolve();
    this.#over = Promise.withResolvers();
    return false;
  }

  /** Returns how many sockets were written to. */
  #show(news: News, lane: number): number {
    const { publish, counters } = this.#options;
    const { channel, parts } = news;
    const binary = channel.receivers("binary", lane);
    const inJson = channel.receivers("json", lane);
    if (binary > 0) {
      const topic = channel.topic("binary", lane);
      for (const { records } of parts) publish(topic, records);
    }
    if (inJson > 0) {
      news.jsonFrames ??= parts.map(({ records }) => json.encodeRecords(records));
      const topic = channel.topic("json", lane);
      for (const frame of news.jsonFrames) publish(topic, frame);
    }
    for (const { count } of parts) counters.deliveriesOut += count * (binary + inJson);
    return binary + inJson;
  }
}

/** Cuts records between two of them, so that each part is one frame. */
function partsOf(records: Uint8Array<ArrayBuffer>, count: number): Part[] {
  if (records.length <= FRAME_BYTES) return [{ records, count }];
  const parts: Part[] = [];
  let begin = 0;
  let inPart = 0;
  for (let at = 0; at < records.length; inPart++) {
    const end = recordEnd(records, at);
    if (inPart > 0 && end - begin > FRAME_BYTES) {
      parts.push({ records: records.subarray(begin, at), count: inPart });
      begin = at;
      inPart = 0;
    }
    at = end;
  }
  parts.push({ records: records.subarray(begin), count: inPart });
  return parts;
}
