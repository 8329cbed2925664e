import type { Channel, EncodingName } from "../channels/channel.ts";

/** One catch-up; it is current until another one, a join or a leave takes its place. */
export interface CatchUp {
  readonly channel: Channel;
}

/** The pub/sub part of a socket. */
interface Subscriber {
  subscribe(topic: string): unknown;
  unsubscribe(topic: string): unknown;
}

/**
 * Which channels a connection receives. A channel is live (its topic is subscribed), catching up
 * (messages are sent one page after another), or neither.
 *
 * Reading a socket's topics from Bun costs microseconds and they are gone when it closes, so the
 * set is kept here.
 */
export class LiveChannels {
  readonly #subscriber: Subscriber;
  readonly #encoding: EncodingName;
  readonly #lane: number;
  readonly #states = new Map<Channel, "live" | CatchUp>();

  /** @param lane of the connection: see LANES. */
  constructor(subscriber: Subscriber, encoding: EncodingName, lane: number) {
    this.#subscriber = subscriber;
    this.#encoding = encoding;
    this.#lane = lane;
  }

  /** Whether messages come as they are published. */
  isLive(channel: Channel): boolean {
    return this.#states.get(channel) === "live";
  }

  /** Delivers what comes after the channel's present head. Nothing changes if it has begun. */
  begin(channel: Channel): void {
    if (this.#states.has(channel)) return;
    this.#states.set(channel, "live");
    this.#subscribe(channel);
  }

  /** Stops live delivery, if any, so that pages can be sent in order. */
  beginCatchUp(channel: Channel): CatchUp {
    this.end(channel);
    const catchUp = { channel };
    this.#states.set(channel, catchUp);
    return catchUp;
  }

  /** Whether the catch-up should go on. */
  isCurrent(catchUp: CatchUp): boolean {
    return this.#states.get(catchUp.channel) === catchUp;
  }

  /** The catch-up has reached the channel's head: goes on live. */
  finish(catchUp: CatchUp): void {
    this.#states.delete(catchUp.channel);
    this.begin(catchUp.channel);
  }

  /** The catch-up has failed: delivers nothing more of the channel, unless something took its place. */
  abandon(catchUp: CatchUp): void {
    if (this.isCurrent(catchUp)) this.end(catchUp.channel);
  }

  /** Delivers nothing more of the channel. */
  end(channel: Channel): void {
    const state = this.#states.get(channel);
    this.#states.delete(channel);
    if (state !== "live") return;
    this.#subscriber.unsubscribe(channel.topic(this.#encoding, this.#lane));
    channel.unreceived(this.#encoding, this.#lane);
  }

  /** The socket is closed, and its subscriptions with it. */
  clear(): void {
    for (const [channel, state] of this.#states) {
      if (state === "live") channel.unreceived(this.#encoding, this.#lane);
    }
    this.#states.clear();
  }

  #subscribe(channel: Channel): void {
    this.#subscriber.subscribe(channel.topic(this.#encoding, this.#lane));
    channel.received(this.#encoding, this.#lane);
  }
}
