import type { Counters } from "../monitor/counters.ts";
import type { CommitResult } from "../store/committer.ts";
import type { Outgoing } from "../wire/encoding.ts";
import { json } from "../wire/json.ts";
import type { Channels } from "./channels.ts";
import type { Ring } from "./ring.ts";

interface Options {
  readonly channels: Channels;
  readonly ring: Ring;
  /** Hands a frame to every subscriber of a topic. A broker between servers would take this place. */
  readonly publish: (topic: string, frame: Outgoing) => void;
  readonly counters: Counters;
}

/** Shows committed messages to their receivers: one frame a channel, the same bytes for all. */
export class Delivery {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * Hot: once a batch.
   *
   * @returns how many sockets were written to, counting a socket once for each of its channels.
   */
  deliver(result: CommitResult): number {
    const { channels, ring, publish, counters } = this.#options;
    let writes = 0;
    for (const { channel: id, begin, end, first, count } of result.channels) {
      const channel = channels.get(id);
      if (channel === undefined) throw new Error("channels/delivery: a message without a channel");
      if (first !== channel.head + 1) throw new Error("channels/delivery: a gap in the numbers");
      // A copy, so that the ring does not keep the whole batch for one channel's sake.
      const records = result.records.slice(begin, end);
      channel.head = first + count - 1;
      ring.push(id, first, count, records);
      const { receivers, topics } = channel;
      if (receivers.binary > 0) publish(topics.binary, records);
      if (receivers.json > 0) publish(topics.json, json.encodeRecords(records));
      const sockets = receivers.binary + receivers.json;
      counters.deliveriesOut += count * sockets;
      writes += sockets;
    }
    return writes;
  }
}
