import type { Outgoing } from "../wire/encoding.ts";
import type { Event } from "../wire/gen/hubbub/v1/frames_pb.ts";
import type { Channel, EncodingName } from "./channel.ts";
import type { User } from "./user.ts";

/** Somebody who is typing. */
interface Typist {
  readonly user: User;
  untilMs: number;
}

/** A picture on its way to the watchers, lane by lane. */
export interface Round {
  readonly events: readonly Event[];
  /** Made when the first watcher of the encoding asks for it. */
  readonly frames: Partial<Record<EncodingName, Outgoing>>;
  /** Lanes below it have been shown the picture. */
  nextLane: number;
  /** Told apart from rounds that began before everything was held back. */
  readonly hold: number;
}

/** What is known of a channel while somebody watches it: see Presence. */
export class WatchedChannel {
  /** How many sockets of each lane watch it; nothing stands for none. */
  readonly #watchers: Readonly<Record<EncodingName, number[]>> = { binary: [], json: [] };
  #watcherCount = 0;
  /** By account; those who began first in front. */
  readonly typing = new Map<number, Typist>();
  hasNewPresence = false;
  hasNewTyping = false;
  /** When the watchers were last told who is typing. */
  typingToldMs = Number.NEGATIVE_INFINITY;
  /** `queued`: its news are to go out. `resting`: they went out less than a second ago. */
  phase: "idle" | "queued" | "resting" = "idle";
  restsUntilMs = 0;
  round: Round | undefined;

  constructor(readonly channel: Channel) {}

  get hasNews(): boolean {
    return this.hasNewPresence || this.hasNewTyping;
  }

  get isWatched(): boolean {
    return this.#watcherCount > 0;
  }

  /** The pub/sub topic of its watchers in a lane. */
  topic(encoding: EncodingName, lane: number): string {
    return watchTopic(this.channel, encoding, lane);
  }

  watchers(encoding: EncodingName, lane: number): number {
    return this.#watchers[encoding][lane] ?? 0;
  }

  /** `by` watchers more, or less where it is below 0. */
  count(encoding: EncodingName, lane: number, by: 1 | -1): void {
    this.#watchers[encoding][lane] = this.watchers(encoding, lane) + by;
    this.#watcherCount += by;
  }

  /** Forgets those whose typing was not said again in time. */
  expireTyping(nowMs: number): void {
    for (const [id, { untilMs }] of this.typing) {
      if (untilMs > nowMs) continue;
      this.typing.delete(id);
      this.hasNewTyping = true;
    }
  }
}

/** The pub/sub topic of a channel's watchers in a lane. */
export function watchTopic({ id }: Channel, encoding: EncodingName, lane: number): string {
  return `presence/${id}/${encoding}/${lane}`;
}
