import { create } from "@bufbuild/protobuf";
import type { Counters } from "../monitor/counters.ts";
import { binary } from "../wire/binary.ts";
import type { Outgoing } from "../wire/encoding.ts";
import { type Event, EventSchema } from "../wire/gen/hubbub/v1/frames_pb.ts";
import { json } from "../wire/json.ts";
import { type Channel, type EncodingName, LANES } from "./channel.ts";
import type { Delivery } from "./delivery.ts";
import { Fifo } from "./fifo.ts";
import { presenceOf, typingOf } from "./pictures.ts";
import type { Pressure } from "./pressure.ts";
import type { User } from "./user.ts";
import { type Round, WatchedChannel } from "./watched_channel.ts";

/** What happens meanwhile goes out together; and so long at least lie between two turns that send. */
const GATHER_MS = 100;
/** The watchers of a channel get one frame in this time at most. */
const REST_MS = 1000;
/** A turn that comes so late tells of an event loop that has more than enough to do. */
const LATE_MS = 25;
/** Where messages need the time, nothing is sent for so long. */
const HOLD_MS = 1000;
/** Typing that is not said again is over. */
const TYPING_MS = 5000;
/** Watchers who were told of typing so long ago are told again when it is said again. */
const TELL_AGAIN_MS = 5000;
/** More are not kept, nor counted. */
const MOST_TYPING = 100;
/** What a write takes, as bytes that could be sent meanwhile. An estimate, so that small frames count. */
const WRITE_OVERHEAD_BYTES = 250;
/** A channel with more watchers lets others go between two of its lanes. */
const SOCKETS_PER_VISIT = 64;

const encodings = { binary, json } as const;
const encodingNames = Object.keys(encodings) as readonly EncodingName[];

/** About two thousand writes of a long frame, or six thousand of a short one. */
const BYTES_PER_SECOND = 2 * 1024 * 1024;

interface Options {
  /** Hands a frame to every subscriber of a topic. */
  readonly publish: (topic: string, frame: Outgoing) => void;
  readonly pressure: Pick<Pressure, "isHigh">;
  readonly delivery: Pick<Delivery, "isUnderWay">;
  readonly counters: Counters;
  /** What all frames to all receivers may take, each write with an overhead: 2 MiB unless said. */
  readonly bytesPerSecond?: number;
  /** A turn ends with the lane that passes so many sockets. */
  readonly socketsPerTurn: number;
  /** A clock in ms that never goes back. */
  readonly clockMs: () => number;
  readonly schedule: (delayMs: number, task: () => void) => void;
}

/**
 * Tells those who watch a channel who is online and who is typing there. Contract:
 *
 * 1. What happens in a channel that nobody watches costs one look, and nothing is kept or timed for it.
 * 2. What happens in a watched one costs the same however many watch: it is marked, and one frame a
 *    second at most tells all of it to everybody.
 * 3. All frames together stay within `bytesPerSecond`, and the turns within `socketsPerTurn`.
 * 4. While messages need the time, nothing goes out. Nothing is lost by that: each frame is a
 *    complete picture, and the next one tells what is then true.
 */
export class Presence {
  readonly #options: Options;
  /** Those whose news are to go out. */
  readonly #queue = new Fifo<WatchedChannel>();
  /** The others of whom something went out less than a second ago, or in which somebody is typing. */
  readonly #resting = new Fifo<WatchedChannel>();
  /** When the next turn is due; infinity where there is nothing to do. */
  #nextTurnMs = Number.POSITIVE_INFINITY;
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  /** How often everything has been held back. */
  #holds = 0;
  readonly #bytesPerSecond: number;
  #allowanceBytes: number;
  #allowanceAtMs: number;

  constructor(options: Options) {
    this.#options = options;
    this.#bytesPerSecond = options.bytesPerSecond ?? BYTES_PER_SECOND;
    this.#allowanceBytes = this.#bytesPerSecond;
    this.#allowanceAtMs = options.clockMs();
  }

  /** A socket subscribes to the channel's watch topic: see `watchTopic`. */
  watch(channel: Channel, encoding: EncodingName, lane: number): void {
    channel.watched ??= new WatchedChannel(channel);
    channel.watched.count(encoding, lane, 1);
  }

  /** It does so no more. */
  unwatch(channel: Channel, encoding: EncodingName, lane: number): void {
    const { watched } = channel;
    if (watched === undefined)
      throw new Error("channels/presence: unwatched before it was watched");
    watched.count(encoding, lane, -1);
    // Otherwise when its turn comes.
    if (watched.phase === "idle" && !watched.isWatched) this.#retire(watched);
  }

  /**
   * The channel has other members, or others of them are online. Hot when everybody comes back at once.
   *
   * @param user who came or went.
   */
  changed(channel: Channel, user?: User): void {
    const { watched } = channel;
    if (watched === undefined) return;
    watched.hasNewPresence = true;
    const isGone = user !== undefined && !channel.online.has(user.id);
    if (isGone && watched.typing.delete(user.id)) watched.hasNewTyping = true;
    this.#news(watched);
  }

  /** The user is typing. */
  typed({ watched }: Channel, user: User): void {
    if (watched === undefined) return;
    const nowMs = this.#options.clockMs();
    const untilMs = nowMs + TYPING_MS;
    const typist = watched.typing.get(user.id);
    if (typist !== undefined) typist.untilMs = untilMs;
    else if (watched.typing.size < MOST_TYPING) watched.typing.set(user.id, { user, untilMs });
    else return;
    if (typist !== undefined && nowMs - watched.typingToldMs < TELL_AGAIN_MS) return;
    watched.hasNewTyping = true;
    this.#news(watched);
  }

  /** Hot: once a message. The user has sent one to the channel, and so has ended typing it. */
  sent({ watched }: Channel, user: User): void {
    if (watched === undefined || !watched.typing.delete(user.id)) return;
    watched.hasNewTyping = true;
    this.#news(watched);
  }

  #news(watched: WatchedChannel): void {
    if (watched.phase !== "idle") return;
    this.#enqueue(watched);
    this.#turnIn(GATHER_MS);
  }

  #enqueue(watched: WatchedChannel): void {
    watched.phase = "queued";
    this.#queue.push(watched);
  }

  /** Sees to it that there is a turn by then, or when what is held back may go again. */
  #turnIn(delayMs: number): void {
    const { clockMs, schedule } = this.#options;
    const nowMs = clockMs();
    const dueMs = Math.max(nowMs + delayMs, this.#heldUntilMs);
    if (dueMs >= this.#nextTurnMs) return;
    this.#nextTurnMs = dueMs;
    // One that was due later finds that it is not the next any more.
    schedule(dueMs - nowMs, () => {
      if (this.#nextTurnMs === dueMs) this.#turn(dueMs);
    });
  }

  #turn(dueMs: number): void {
    const { clockMs, pressure, delivery, counters } = this.#options;
    this.#nextTurnMs = Number.POSITIVE_INFINITY;
    const nowMs = clockMs();
    this.#wake(nowMs);
    if (pressure.isHigh || nowMs - dueMs > LATE_MS) {
      counters.presenceFramesDropped += this.#queue.length;
      this.#holds += 1;
      this.#heldUntilMs = nowMs + HOLD_MS;
    } else if (!delivery.isUnderWay) {
      this.#send(nowMs);
    }
    const first = this.#resting.at(0);
    if (this.#queue.length > 0) this.#turnIn(GATHER_MS);
    else if (first !== undefined) this.#turnIn(Math.max(GATHER_MS, first.restsUntilMs - nowMs));
  }

  /** Lets those go on whose rest is over. */
  #wake(nowMs: number): void {
    for (;;) {
      const watched = this.#resting.at(0);
      if (watched === undefined || watched.restsUntilMs > nowMs) return;
      this.#resting.shift();
      watched.expireTyping(nowMs);
      if (!watched.isWatched) this.#retire(watched);
      else if (watched.hasNews) this.#enqueue(watched);
      else if (watched.typing.size > 0) this.#rest(watched, nowMs);
      else watched.phase = "idle";
    }
  }

  #rest(watched: WatchedChannel, nowMs: number): void {
    watched.phase = "resting";
    // All rest equally long, so the first in the queue is the first to wake.
    watched.restsUntilMs = nowMs + REST_MS;
    this.#resting.push(watched);
  }

  #retire({ channel }: WatchedChannel): void {
    channel.watched = undefined;
  }

  /** Sends as much of the queue as this turn may. */
  #send(nowMs: number): void {
    const { socketsPerTurn } = this.#options;
    const earned = ((nowMs - this.#allowanceAtMs) / 1000) * this.#bytesPerSecond;
    this.#allowanceBytes = Math.min(this.#bytesPerSecond, this.#allowanceBytes + earned);
    this.#allowanceAtMs = nowMs;
    for (let sockets = 0; sockets < socketsPerTurn && this.#allowanceBytes > 0; ) {
      const watched = this.#queue.shift();
      if (watched === undefined) return;
      if (watched.isWatched) sockets += this.#visit(watched, nowMs);
      else this.#retire(watched);
    }
  }

  /** Sends a channel's news to some of its watchers, or the last of them; returns to how many. */
  #visit(watched: WatchedChannel, nowMs: number): number {
    if (watched.round?.hold !== this.#holds) watched.round = this.#begin(watched, nowMs);
    const { round } = watched;
    let sockets = 0;
    while (round.nextLane < LANES && sockets < SOCKETS_PER_VISIT && this.#allowanceBytes > 0) {
      sockets += this.#show(watched, round, round.nextLane++);
    }
    if (round.nextLane < LANES) this.#queue.push(watched);
    else {
      watched.round = undefined;
      this.#rest(watched, nowMs);
    }
    return sockets;
  }

  #begin(watched: WatchedChannel, nowMs: number): Round {
    const { channel, round } = watched;
    const events: Event[] = [];
    const told = round?.events.map(({ event }) => event.case) ?? [];
    if (watched.hasNewPresence || told.includes("presence")) {
      const event = { case: "presence", value: presenceOf(channel) } as const;
      events.push(create(EventSchema, { event }));
    }
    if (watched.hasNewTyping || told.includes("typing")) {
      watched.expireTyping(nowMs);
      watched.typingToldMs = nowMs;
      const event = { case: "typing", value: typingOf(channel) } as const;
      events.push(create(EventSchema, { event }));
    }
    watched.hasNewPresence = false;
    watched.hasNewTyping = false;
    this.#options.counters.presenceFrames += 1;
    return { events, frames: {}, nextLane: 0, hold: this.#holds };
  }

  /** Returns how many sockets were written to. */
  #show(watched: WatchedChannel, round: Round, lane: number): number {
    const { publish, counters } = this.#options;
    let sockets = 0;
    for (const encoding of encodingNames) {
      const receivers = watched.watchers(encoding, lane);
      if (receivers === 0) continue;
      let frame = round.frames[encoding];
      // Encoding it takes about as long as sending it to one more.
      const shares = receivers + (frame === undefined ? 1 : 0);
      frame ??= encodings[encoding].encode(round.events);
      round.frames[encoding] = frame;
      publish(watched.topic(encoding, lane), frame);
      sockets += receivers;
      this.#allowanceBytes -= shares * (frame.length + WRITE_OVERHEAD_BYTES);
    }
    counters.presenceDeliveriesOut += sockets;
    return sockets;
  }
}
