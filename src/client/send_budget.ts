import type { Clock } from "./clock.ts";

/**
 * Keeps to the server's message rate without being told off: a token bucket with the limits of the
 * welcome. Other connections of the same user draw on the same budget at the server, so a refusal
 * can still come, and empties the bucket here too.
 */
export class SendBudget {
  readonly #clock: Clock;
  #perSecond = Number.POSITIVE_INFINITY;
  #burst = Number.POSITIVE_INFINITY;
  #tokens = Number.POSITIVE_INFINITY;
  #filledAtMs: number;
  #heldUntilMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#filledAtMs = clock.nowMs();
  }

  /** Takes over the server's limits. */
  limit(perSecond: number, burst: number): void {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = Math.min(this.#tokens, burst);
  }

  /** Takes one message's worth and returns 0, or takes nothing and returns the wait in ms. */
  take(): number {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#heldUntilMs) return this.#heldUntilMs - nowMs;
    this.#fill(nowMs);
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    return Math.max(1, ((1 - this.#tokens) / this.#perSecond) * 1000);
  }

  /** The server refused: nothing more for `waitMs`, and no burst after it. */
  refused(waitMs: number): void {
    const nowMs = this.#clock.nowMs();
    this.#heldUntilMs = Math.max(this.#heldUntilMs, nowMs + waitMs);
    this.#tokens = 1;
    this.#filledAtMs = this.#heldUntilMs;
  }

  #fill(nowMs: number): void {
    const sinceMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#filledAtMs = nowMs;
    if (this.#tokens < this.#burst) {
      this.#tokens = Math.min(this.#burst, this.#tokens + (sinceMs / 1000) * this.#perSecond);
    }
  }
}
