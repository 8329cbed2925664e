/**
 * A token bucket: `burst` at once, `perSecond` in the long run. Time is a parameter, in ms of any
 * clock that never goes back.
 */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** Takes `tokens` if they are there. Returns 0, or the ms until they will be (then none is taken). */
  take(nowMs: number, tokens = 1): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    if (this.#tokens >= tokens) {
      this.#tokens -= tokens;
      return 0;
    }
    return Math.max(1, Math.ceil((tokens - this.#tokens) / this.#perMs));
  }
}

/** What one user may send, over all of the user's connections. */
export class UserBudget {
  /** Messages and pings: they cost a place in a batch. */
  readonly messages: TokenBucket;
  /** Everything else. */
  readonly commands: TokenBucket;

  constructor(
    limits: {
      readonly messagesPerSecond: number;
      readonly messageBurst: number;
      readonly commandsPerSecond: number;
      readonly commandBurst: number;
    },
    nowMs: number,
  ) {
    this.messages = new TokenBucket(limits.messagesPerSecond, limits.messageBurst, nowMs);
    this.commands = new TokenBucket(limits.commandsPerSecond, limits.commandBurst, nowMs);
  }
}
