import { MAX_CHANNEL_ID } from "../store/bounds.ts";
import type { RunJob } from "../store/jobs.ts";
import type { ChannelRow } from "../store/store.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { nameKey } from "../wire/names.ts";
import { Channel } from "./channel.ts";

interface Options {
  readonly run: RunJob;
  /** The most channels there may be. */
  readonly limit: number;
  readonly now: () => number;
}

/** Every channel of the server. All are in memory: a channel is small, and asked for often. */
export class Channels {
  readonly #options: Options;
  readonly #byId = new Map<number, Channel>();
  readonly #byKey = new Map<string, Channel>();
  /** Deleted ones, for messages that were on their way to the disk then. */
  readonly #deleted = new Map<number, Channel>();
  /** Names that are being created, so that two joins at once make one channel. */
  readonly #creating = new Map<string, Promise<Channel>>();

  constructor(stored: Iterable<ChannelRow>, options: Options) {
    this.#options = options;
    for (const { id, name, head, gone = 0, members, isArchived = false } of stored) {
      const channel = new Channel(id, name, head, members);
      channel.gone = gone;
      channel.isArchived = isArchived;
      this.#add(channel);
    }
  }

  get(id: number): Channel | undefined {
    return this.#byId.get(id);
  }

  /** The same, and deleted ones, too. */
  everHad(id: number): Channel | undefined {
    return this.#byId.get(id) ?? this.#deleted.get(id);
  }

  named(name: string): Channel | undefined {
    return this.#byKey.get(nameKey(name));
  }

  /**
   * Creates the channel of that name, or returns the one that somebody else just created.
   * Resolves to CHANNEL_LIMIT where there may be no more; rejects with StoreError.
   */
  async create(name: string): Promise<Channel | ErrorCode> {
    const existing = this.named(name);
    if (existing !== undefined) return existing;
    const key = nameKey(name);
    const underWay = this.#creating.get(key);
    if (underWay !== undefined) return underWay;
    const limit = Math.min(this.#options.limit, MAX_CHANNEL_ID);
    if (this.#byId.size + this.#creating.size >= limit) return ErrorCode.CHANNEL_LIMIT;

    const creation = this.#options.run("createChannel", name, this.#options.now()).then((id) => {
      const channel = new Channel(id, name, 0, 0);
      this.#add(channel);
      return channel;
    });
    this.#creating.set(key, creation);
    try {
      return await creation;
    } finally {
      this.#creating.delete(key);
    }
  }

  /** All of them, by id. */
  all(): Channel[] {
    return [...this.#byId.values()];
  }

  /** Up to `limit` channels with ids above `after`, by id, and whether there are more. */
  page(after: number, limit: number): { channels: Channel[]; more: boolean } {
    // Ids are given in ascending order and the map keeps the order of insertion.
    const channels: Channel[] = [];
    for (const channel of this.#byId.values()) {
      if (channel.id <= after) continue;
      if (channels.length === limit) return { channels, more: true };
      channels.push(channel);
    }
    return { channels, more: false };
  }

  /** The file has another name for the channel. */
  rename(channel: Channel, name: string): void {
    this.#unname(channel);
    channel.name = name;
    this.#byKey.set(nameKey(name), channel);
  }

  /** The channel has been deleted. */
  remove(channel: Channel): void {
    this.#unname(channel);
    this.#byId.delete(channel.id);
    this.#deleted.set(channel.id, channel);
  }

  /** Another channel may have got the name already. */
  #unname(channel: Channel): void {
    const key = nameKey(channel.name);
    if (this.#byKey.get(key) === channel) this.#byKey.delete(key);
  }

  #add(channel: Channel): void {
    this.#byId.set(channel.id, channel);
    this.#byKey.set(nameKey(channel.name), channel);
  }
}
