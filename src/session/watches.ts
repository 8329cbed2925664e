import type { Channel, EncodingName } from "../channels/channel.ts";
import { watchTopic } from "../channels/watched_channel.ts";
import type { Services } from "./services.ts";

/** The pub/sub part of a socket. */
interface Subscriber {
  subscribe(topic: string): unknown;
  unsubscribe(topic: string): unknown;
}

/** Of connections that watch nothing, nearly all of them: one for all, not one for each. */
const none: ReadonlySet<Channel> = new Set();

/** The channels of which a connection hears who is online and who is typing. */
export class Watches {
  readonly #subscriber: Subscriber;
  readonly #presence: Services["presence"];
  readonly #encoding: EncodingName;
  readonly #lane: number;
  #channels = none;

  /** @param lane of the connection: see LANES. */
  constructor(
    subscriber: Subscriber,
    presence: Services["presence"],
    encoding: EncodingName,
    lane: number,
  ) {
    this.#subscriber = subscriber;
    this.#presence = presence;
    this.#encoding = encoding;
    this.#lane = lane;
  }

  /** Watches these channels and no others. */
  set(channels: ReadonlySet<Channel>): void {
    const before = this.#channels;
    this.#channels = channels;
    for (const channel of before) if (!channels.has(channel)) this.#unsubscribe(channel);
    for (const channel of channels) {
      if (before.has(channel)) continue;
      this.#subscriber.subscribe(watchTopic(channel, this.#encoding, this.#lane));
      this.#presence.watch(channel, this.#encoding, this.#lane);
    }
  }

  /** Watches the channel no more, if it did. */
  end(channel: Channel): void {
    if (!this.#channels.has(channel)) return;
    this.set(new Set([...this.#channels].filter((other) => other !== channel)));
  }

  /** The socket is closed, and its subscriptions with it. */
  clear(): void {
    for (const channel of this.#channels) {
      this.#presence.unwatch(channel, this.#encoding, this.#lane);
    }
    this.#channels = none;
  }

  #unsubscribe(channel: Channel): void {
    this.#subscriber.unsubscribe(watchTopic(channel, this.#encoding, this.#lane));
    this.#presence.unwatch(channel, this.#encoding, this.#lane);
  }
}
