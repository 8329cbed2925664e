import type { Counters } from "../monitor/counters.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { FairLane } from "./fair_lane.ts";
import { Refusal } from "./refusal.ts";

/** Who wants a password hashed. */
export interface Applicant {
  /** Whose password it is. */
  readonly account: string;
  /** The network that asks. */
  readonly network: string;
  /** A device that has signed in to this account before, by its id; undefined for a stranger. */
  readonly device: string | undefined;
  /** Aborted when the client has hung up. */
  readonly signal: AbortSignal | undefined;
}

/** Leave to have one password hashed. */
export interface Turn {
  /** Which of the hashers is free: 0 to `atOnce` - 1. */
  readonly hasher: number;
  /** By the queue's clock: until when there must be an answer. */
  readonly deadlineMs: number;
  /** Hands the hasher on. Call it once, however the hash ended. */
  readonly done: () => void;
}

export interface QueueLimits {
  /** Hashes at the same time. */
  readonly atOnce: number;
  /** Strangers that may wait, and devices that may. */
  readonly waiting: number;
}

/** Calls back once after a time, unless what it returns is called first. */
export type Alarm = (ms: number, call: () => void) => () => void;

/** What the queue knows of the world. */
export interface Surroundings {
  /** A clock in ms that never goes back. */
  readonly clockMs: () => number;
  /** 0 up to 1. */
  readonly random: () => number;
  readonly alarm: Alarm;
}

interface Waiting extends Applicant {
  readonly place: string;
  readonly arrivedMs: number;
  resolve(turn: Turn): void;
  reject(refusal: Refusal): void;
  /** Takes back the alarm and the ear for hanging up. */
  release(): void;
}

/** About what a hash takes on one core; the first guess until some have been measured. */
const FIRST_GUESS_MS = 20;
/** How much a new measurement moves the average. */
const SMOOTHING = 0.2;
/** Whoever would have to wait longer is told to come back instead. */
export const LONGEST_EXPECTED_WAIT_MS = 10_000;
/** After arrival: clients and proxies give up not much later, and the hash would be for nobody. */
export const DEADLINE_MS = 20_000;
const LONGEST_RETRY_MS = 60_000;

/**
 * The line of those who want a password hashed.
 *
 * 1. Bounded: `waiting` strangers and as many known devices. Devices and strangers take turns, so
 *    that a crowd of strangers, however many, halves what a device gets, and no more.
 * 2. Fair: in either lane networks take turns. Where a lane is full, a newcomer takes the place of
 *    the last of the network with most.
 * 3. At most one waits for an account, and one for each device that is known to it; more are refused.
 * 4. Whoever cannot have a place, would have to wait more than 10 s by what hashes take now, or
 *    has waited until the deadline, is refused with SIGN_IN_BUSY and a time, with jitter, to come
 *    back.
 * 5. Whoever hangs up leaves the line.
 */
export class SignInQueue {
  readonly #limits: QueueLimits;
  readonly #counters: Counters;
  readonly #clockMs: () => number;
  readonly #random: () => number;
  readonly #alarm: Alarm;
  readonly #strangers = new FairLane<Waiting>();
  readonly #devices = new FairLane<Waiting>();
  /** Accounts, and devices of accounts, for which somebody waits. */
  readonly #places = new Set<string>();
  readonly #free: number[];
  /** When each hash that runs now began. */
  readonly #began = new Map<number, number>();
  #averageMs = FIRST_GUESS_MS;
  #deviceIsNext = true;
  #isClosed = false;

  constructor(limits: QueueLimits, counters: Counters, { clockMs, random, alarm }: Surroundings) {
    this.#limits = limits;
    this.#counters = counters;
    this.#clockMs = clockMs;
    this.#random = random;
    this.#alarm = alarm;
    this.#free = Array.from({ length: limits.atOnce }, (_, hasher) => hasher);
  }

  /** @throws Refusal SIGN_IN_BUSY, or GOING_AWAY once it is closed. */
  async enter(applicant: Applicant): Promise<Turn> {
    if (this.#isClosed) throw new Refusal(ErrorCode.GOING_AWAY);
    if (applicant.signal?.aborted) throw this.#abandoned();
    const arrivedMs = this.#clockMs();
    const hasher = this.#free.shift();
    if (hasher !== undefined) return this.#turn(hasher, arrivedMs);
    const place = `${applicant.account} ${applicant.device ?? ""}`;
    if (this.#places.has(place)) throw this.#busy(applicant);
    if (this.#expectedMs(applicant) > LONGEST_EXPECTED_WAIT_MS) throw this.#busy(applicant);
    const lane = this.#laneOf(applicant);
    if (lane.length >= this.#limits.waiting) {
      const displaced = lane.displaceFor(applicant.network);
      if (displaced === undefined) throw this.#busy(applicant);
      this.#leave(displaced);
      displaced.reject(this.#busy(displaced));
    }
    return await this.#wait(applicant, place, arrivedMs);
  }

  /** How long a stranger who came now, from where nobody waits, would wait for a turn. */
  get waitNowMs(): number {
    if (this.#free.length > 0) return 0;
    return this.#expectedMs({ network: "", device: undefined });
  }

  /** Refuses everybody who waits, and who comes from now on, with GOING_AWAY. */
  close(): void {
    this.#isClosed = true;
    for (const lane of [this.#devices, this.#strangers]) {
      for (let waiting = lane.shift(); waiting !== undefined; waiting = lane.shift()) {
        this.#leave(waiting);
        waiting.reject(new Refusal(ErrorCode.GOING_AWAY));
      }
    }
  }

  /** A refusal for somebody whose hash is not made by the deadline. */
  tooLate(applicant: Applicant): Refusal {
    return this.#busy(applicant);
  }

  #wait(applicant: Applicant, place: string, arrivedMs: number): Promise<Turn> {
    const { promise, resolve, reject } = Promise.withResolvers<Turn>();
    const giveUp = (refusal: () => Refusal) => {
      this.#laneOf(waiting).remove(waiting);
      this.#leave(waiting);
      reject(refusal());
    };
    const hungUp = () => giveUp(() => this.#abandoned());
    const cancel = this.#alarm(DEADLINE_MS, () => giveUp(() => this.#busy(waiting)));
    const release = () => {
      cancel();
      applicant.signal?.removeEventListener("abort", hungUp);
    };
    const waiting: Waiting = { ...applicant, place, arrivedMs, resolve, reject, release };
    applicant.signal?.addEventListener("abort", hungUp, { once: true });
    this.#laneOf(waiting).push(waiting);
    this.#places.add(place);
    this.#counters.signInsWaiting += 1;
    return promise;
  }

  /** Undoes what `#wait` did, but for the lane. */
  #leave(waiting: Waiting): void {
    waiting.release();
    this.#places.delete(waiting.place);
    this.#counters.signInsWaiting -= 1;
  }

  #turn(hasher: number, arrivedMs: number): Turn {
    const beganMs = this.#clockMs();
    this.#began.set(hasher, beganMs);
    this.#counters.signInWaitMs.record(beganMs - arrivedMs);
    const done = () => {
      this.#began.delete(hasher);
      this.#averageMs += SMOOTHING * (this.#clockMs() - beganMs - this.#averageMs);
      const next = this.#next();
      if (next === undefined) {
        this.#free.push(hasher);
        return;
      }
      this.#leave(next);
      next.resolve(this.#turn(hasher, next.arrivedMs));
    };
    return { hasher, deadlineMs: arrivedMs + DEADLINE_MS, done };
  }

  #next(): Waiting | undefined {
    const [first, second] = this.#deviceIsNext
      ? [this.#devices, this.#strangers]
      : [this.#strangers, this.#devices];
    this.#deviceIsNext = !this.#deviceIsNext;
    return first.shift() ?? second.shift();
  }

  #laneOf({ device }: Pick<Applicant, "device">): FairLane<Waiting> {
    return device === undefined ? this.#strangers : this.#devices;
  }

  /** When one who came now would have a turn. */
  #expectedMs(applicant: Pick<Applicant, "network" | "device">): number {
    const lane = this.#laneOf(applicant);
    const other = lane === this.#devices ? this.#strangers : this.#devices;
    const ahead = lane.ahead(applicant.network);
    const before = ahead + Math.min(other.length, ahead + 1);
    return ((before + 1) * this.#hashMs()) / this.#limits.atOnce;
  }

  /** What a hash takes now. One that has run for longer than the average says more than that. */
  #hashMs(): number {
    const nowMs = this.#clockMs();
    return Math.max(this.#averageMs, ...[...this.#began.values()].map((began) => nowMs - began));
  }

  #busy(applicant: Applicant): Refusal {
    // From once to twice the time the queue needs, so that those refused come back spread out.
    const waitMs = Math.max(1000, Math.min(LONGEST_RETRY_MS / 2, this.#expectedMs(applicant)));
    const retryAfterMs = Math.ceil(waitMs * (1 + this.#random()));
    return new Refusal(ErrorCode.SIGN_IN_BUSY, undefined, retryAfterMs);
  }

  #abandoned(): Refusal {
    this.#counters.signInsAbandoned += 1;
    return new Refusal(ErrorCode.SIGN_IN_BUSY);
  }
}

/** The alarm of a server: it does not keep the process alive. */
export function unreferencedAlarm(ms: number, call: () => void): () => void {
  const timer = setTimeout(call, ms);
  timer.unref();
  return () => clearTimeout(timer);
}
