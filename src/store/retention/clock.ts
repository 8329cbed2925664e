interface Options {
  /** Wall clock, ms since the Unix epoch. */
  readonly nowMs: () => number;
  /** A clock in ms that never goes back. */
  readonly clockMs: () => number;
  /** How far this clock had come when the server last ran, or what is known instead. */
  readonly storedMs: number;
}

/** It goes so many times as fast as time, at most: a day in an hour. */
const FASTEST = 24;
/** And at least so fast, whatever the wall clock says: it loses an hour in a day. */
const SLOWEST = 23 / 24;

/**
 * The clock that ages are told by. It follows the wall clock but never jumps: it goes on by at most a day
 * in an hour, and never back. So a clock that is wrong by years, for an hour, makes messages go a day
 * early at most, and whoever looks after the server has the time to notice. Where it is ahead of the wall
 * clock it goes on a little slower, and does not wait: ages are differences, and a server whose clock was once
 * years ahead must not keep everything for years.
 */
export class RetentionClock {
  readonly #options: Options;
  #believedMs: number;
  #askedMs: number;

  constructor(options: Options) {
    this.#options = options;
    this.#believedMs = options.storedMs;
    this.#askedMs = options.clockMs();
  }

  /** The time that ages count from, ms since the Unix epoch. */
  now(): number {
    const { nowMs, clockMs } = this.#options;
    const askedMs = clockMs();
    const passedMs = askedMs - this.#askedMs;
    this.#askedMs = askedMs;
    const aheadMs = nowMs() - this.#believedMs;
    const byMs = Math.min(Math.max(aheadMs, passedMs * SLOWEST), passedMs * FASTEST);
    this.#believedMs += byMs;
    return Math.floor(this.#believedMs);
  }

  /** By how much the wall clock is ahead; negative where it is behind. */
  get aheadMs(): number {
    return this.#options.nowMs() - this.#believedMs;
  }
}
