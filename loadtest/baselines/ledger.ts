import { Tally } from "../tester/tally.ts";
import { CHANNELS, channelsOf, receiverCounts } from "./crowd.ts";

/** What differs from what is owed; both are 0 where everything came once. */
export interface Balance {
  readonly missing: number;
  readonly surplus: number;
}

/** A span of time, from `fromUs` up to `toUs`. */
export interface Window {
  readonly fromUs: number;
  readonly toUs: number;
}

const NO_WINDOW: Window = { fromUs: Number.POSITIVE_INFINITY, toUs: Number.POSITIVE_INFINITY };

/**
 * Every delivery against what is owed, receiver by receiver and channel by channel. As not every
 * server numbers its messages, a message is known by its due time: each receiver of a channel is
 * owed as many messages as were sent to it, with the same sum of due times. The sum gives away a
 * message that came twice in the place of another.
 */
export class Ledger {
  /** Deliveries so far, and how many are owed by now. */
  received = 0;
  owed = 0;
  /** Deliveries owed of messages that were due in the window. */
  windowOwed = 0;
  windowMessages = 0;
  /** From due to received, of the messages that were due in the window. */
  readonly latency = new Tally();
  readonly #connections: number;
  readonly #originUs: number;
  readonly #receivers: readonly number[];
  readonly #sent = new Float64Array(CHANNELS);
  readonly #sentSums = new Float64Array(CHANNELS);
  readonly #taken: Float64Array;
  readonly #takenSums: Float64Array;
  #window = NO_WINDOW;

  /** @param originUs a time before all due times, so that their sums stay exact. */
  constructor(connections: number, originUs: number) {
    this.#connections = connections;
    this.#originUs = originUs;
    this.#receivers = receiverCounts(connections);
    this.#taken = new Float64Array(connections * CHANNELS);
    this.#takenSums = new Float64Array(connections * CHANNELS);
  }

  /** What is due in it counts for the latencies; to be told before the first message of it. */
  watch(window: Window): void {
    this.#window = window;
  }

  /** A message of that due time, in whole microseconds, has been sent. */
  sent(channel: number, dueUs: number): void {
    const receivers = this.#receivers[channel] as number;
    this.#sent[channel] = (this.#sent[channel] as number) + 1;
    this.#sentSums[channel] = (this.#sentSums[channel] as number) + dueUs - this.#originUs;
    this.owed += receivers;
    if (!this.#isWatched(dueUs)) return;
    this.windowMessages += 1;
    this.windowOwed += receivers;
  }

  /** Hot. The connection has received a message. */
  took(connection: number, channel: number, dueUs: number, receivedUs: number): void {
    const place = connection * CHANNELS + channel;
    this.received += 1;
    this.#taken[place] = (this.#taken[place] as number) + 1;
    this.#takenSums[place] = (this.#takenSums[place] as number) + dueUs - this.#originUs;
    if (this.#isWatched(dueUs)) this.latency.add(receivedUs - dueUs);
  }

  balance(): Balance {
    let missing = 0;
    let surplus = 0;
    for (let connection = 0; connection < this.#connections; connection++) {
      const own = channelsOf(connection);
      for (let channel = 0; channel < CHANNELS; channel++) {
        const place = connection * CHANNELS + channel;
        const owed = own.includes(channel) ? (this.#sent[channel] as number) : 0;
        const more = (this.#taken[place] as number) - owed;
        if (more > 0) surplus += more;
        else if (more < 0) missing -= more;
        else if (owed > 0 && this.#takenSums[place] !== this.#sentSums[channel]) {
          missing += 1;
          surplus += 1;
        }
      }
    }
    return { missing, surplus };
  }

  #isWatched(dueUs: number): boolean {
    return dueUs >= this.#window.fromUs && dueUs < this.#window.toUs;
  }
}
