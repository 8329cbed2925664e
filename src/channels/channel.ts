import type { User } from "./user.ts";
import type { WatchedChannel } from "./watched_channel.ts";

/** The encodings that receivers speak, as topics name them. */
export type EncodingName = "binary" | "json";

/**
 * Connections are spread over so many lanes, and a batch is shown to one lane after another, so that
 * the event loop can do something else in between.
 */
export const LANES = 16;

/** A channel, as long as the server runs. */
export class Channel {
  /** The number of its newest message that is being delivered, or has been; 0 while there is none. */
  head: number;
  /** Messages up to this number are kept no more; what remains is from the next one to the head. */
  gone = 0;
  /** How often messages of it have been written again since the start: what they take has changed. */
  rewrites = 0;
  /** Accounts that have joined, connected or not. */
  memberCount: number;
  /** It can be read, and nobody may write to it. */
  isArchived = false;
  /** Members with a connection, by account id. */
  readonly online = new Map<number, User>();
  /** There while somebody watches who is online and who is typing: see Presence. */
  watched: WatchedChannel | undefined;
  /** How many sockets of each lane receive its messages live; nothing stands for none. */
  readonly #receivers: Readonly<Record<EncodingName, number[]>> = { binary: [], json: [] };

  constructor(
    readonly id: number,
    /** Only Channels changes it. */
    public name: string,
    head: number,
    memberCount: number,
  ) {
    this.head = head;
    this.memberCount = memberCount;
  }

  /** The pub/sub topic of its receivers in a lane. */
  topic(encoding: EncodingName, lane: number): string {
    return `channel/${this.id}/${encoding}/${lane}`;
  }

  receivers(encoding: EncodingName, lane: number): number {
    return this.#receivers[encoding][lane] ?? 0;
  }

  /** One receiver more. */
  received(encoding: EncodingName, lane: number): void {
    this.#receivers[encoding][lane] = this.receivers(encoding, lane) + 1;
  }

  /** One receiver less. */
  unreceived(encoding: EncodingName, lane: number): void {
    this.#receivers[encoding][lane] = this.receivers(encoding, lane) - 1;
  }
}
