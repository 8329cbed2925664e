import type { Counters } from "../monitor/counters.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { HashAnswer, HashChild } from "./hash_child.ts";
import { Refusal } from "./refusal.ts";

/** About what a hash takes on one core; the first guess until some have been measured. */
const FIRST_GUESS_MS = 20;
/** Nobody is made to wait longer: clients and proxies give up, and the hash is made for nobody. */
const LONGEST_WAIT_MS = 25_000;
/** How much a new measurement moves the average. */
const SMOOTHING = 0.2;

export interface HasherLimits {
  /** Hashes at the same time. */
  readonly atOnce: number;
  /** Sign-ins that may wait for their hash. */
  readonly waiting: number;
}

/**
 * Hashes and checks passwords, in order of arrival, a bounded number at once and a bounded number
 * waiting. Beyond that a sign-in is refused with SIGN_IN_BUSY and the time after which the queue
 * should have room.
 */
export class Hasher {
  readonly #child: Pick<HashChild, "hash" | "verify">;
  readonly #limits: HasherLimits;
  readonly #counters: Counters;
  readonly #random: () => number;
  /** Each is called when it is its turn. */
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #averageMs = FIRST_GUESS_MS;

  constructor(
    child: Pick<HashChild, "hash" | "verify">,
    limits: HasherLimits,
    counters: Counters,
    random: () => number = Math.random,
  ) {
    this.#child = child;
    this.#limits = limits;
    this.#counters = counters;
    this.#random = random;
  }

  /**
   * The password's Argon2id hash in the PHC string format.
   *
   * @throws Refusal SIGN_IN_BUSY, or GOING_AWAY while the server stops.
   */
  async hash(password: string): Promise<string> {
    const answer = await this.#inTurn(() => this.#child.hash(password));
    if ("hash" in answer) return answer.hash;
    throw new Error("auth/hasher: a password could not be hashed");
  }

  /**
   * Whether the password is the one that was hashed.
   *
   * @throws Refusal as `hash` does.
   */
  async verify(hash: string, password: string): Promise<boolean> {
    const answer = await this.#inTurn(() => this.#child.verify(hash, password));
    if ("matches" in answer) return answer.matches;
    throw new Error("auth/hasher: a stored hash could not be read");
  }

  async #inTurn(work: () => Promise<HashAnswer>): Promise<HashAnswer> {
    await this.#turn();
    const began = performance.now();
    try {
      const answer = await work();
      this.#counters.hashes += 1;
      this.#averageMs += SMOOTHING * (performance.now() - began - this.#averageMs);
      return answer;
    } finally {
      // The turn is handed on as it is, so `#running` never exceeds its bound in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  async #turn(): Promise<void> {
    if (this.#running < this.#limits.atOnce) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= this.#limits.waiting || this.#emptyMs() > LONGEST_WAIT_MS) {
      throw this.#busy();
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #busy(): Refusal {
    // From once to twice the time the queue needs, so that those refused come back spread out.
    const retryAfterMs = Math.ceil(Math.max(1000, this.#emptyMs()) * (1 + this.#random()));
    return new Refusal(ErrorCode.SIGN_IN_BUSY, undefined, retryAfterMs);
  }

  /** When a sign-in that came now would have its turn. */
  #emptyMs(): number {
    return ((this.#waiting.length + 1) * this.#averageMs) / this.#limits.atOnce;
  }
}
