import type { Counters } from "../monitor/counters.ts";
import type { CommitResult } from "../store/committer.ts";
import type { Outgoing } from "../wire/encoding.ts";
import { json } from "../wire/json.ts";
import { recordEnd } from "../wire/lay.ts";
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
}

/**
 * Shows committed messages to their receivers: one frame a channel (more where it would be large),
 * the same bytes for all.
 */
export class Delivery {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Hot: once a batch. */
  deliver(result: CommitResult): void {
    const { channels, ring, publish, counters } = this.#options;
    for (const { channel: id, begin, end, first, count } of result.channels) {
      const channel = channels.get(id);
      if (channel === undefined) throw new Error("channels/delivery: a message without a channel");
      if (first !== channel.head + 1) throw new Error("channels/delivery: a gap in the numbers");
      // A copy, so that the ring does not keep the whole batch for one channel's sake.
      const records = result.records.slice(begin, end);
      const { receivers, topics } = channel;
      for (const part of partsOf(records, count)) {
        ring.push(id, channel.head + 1, part.count, part.records);
        channel.head += part.count;
        if (receivers.binary > 0) publish(topics.binary, part.records);
        if (receivers.json > 0) publish(topics.json, json.encodeRecords(part.records));
      }
      counters.deliveriesOut += count * (receivers.binary + receivers.json);
    }
  }
}

interface Part {
  readonly records: Uint8Array<ArrayBuffer>;
  readonly count: number;
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
