import type { Config } from "../config.ts";

/** Tokens that additions of fractions may have lost: whoever has waited as told finds theirs. */
const ROUNDING = 1e-9;

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
    this.#refill(nowMs);
    if (this.#tokens >= tokens - ROUNDING) {
      this.#tokens -= tokens;
      return 0;
    }
    return Math.max(1, Math.ceil((tokens - this.#tokens) / this.#perMs));
  }

  /** Puts tokens back that were taken for nothing. */
  giveBack(tokens = 1): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + tokens);
  }

  /** Whether nothing is missing, so that a new bucket would be the same. */
  isFull(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens === this.#burst;
  }

  #refill(nowMs: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
  }
}

type RateLimits = Pick<
  Config,
  | "messagesPerSecond"
  | "messageBurst"
  | "commandsPerSecond"
  | "commandBurst"
  | "newChannelsPerHour"
  | "refusalsBeforeClose"
>;

/** What one user may send, over all of the user's connections. */
export class UserBudget {
  /** Messages and pings: they cost a place in a batch. */
  readonly messages: TokenBucket;
  /** Everything else. */
  readonly commands: TokenBucket;
  /** Channels that are made: they stay, and there is room for so many. */
  readonly newChannels: TokenBucket;
  /** Refusals for the rate, and unreadable frames, before connections are closed. */
  readonly refusals: TokenBucket;

  constructor(limits: RateLimits, nowMs: number) {
    const { newChannelsPerHour, refusalsBeforeClose } = limits;
    this.messages = new TokenBucket(limits.messagesPerSecond, limits.messageBurst, nowMs);
    this.commands = new TokenBucket(limits.commandsPerSecond, limits.commandBurst, nowMs);
    this.newChannels = new TokenBucket(newChannelsPerHour / 3600, newChannelsPerHour, nowMs);
    this.refusals = new TokenBucket(refusalsBeforeClose / 10, refusalsBeforeClose, nowMs);
  }

  isFull(nowMs: number): boolean {
    const buckets = [this.messages, this.commands, this.newChannels, this.refusals];
    return buckets.every((bucket) => bucket.isFull(nowMs));
  }
}

/**
 * The budgets of all users. They outlast the user's connections, so that connecting again brings no
 * new budget; one that has filled up again is forgotten.
 */
export class Budgets {
  readonly #limits: RateLimits;
  readonly #clockMs: () => number;
  readonly #byAccount = new Map<number, UserBudget>();

  /** @param clockMs a clock in ms that never goes back. */
  constructor(limits: RateLimits, clockMs: () => number) {
    this.#limits = limits;
    this.#clockMs = clockMs;
  }

  of(account: number): UserBudget {
    const known = this.#byAccount.get(account);
    if (known !== undefined) return known;
    const budget = new UserBudget(this.#limits, this.#clockMs());
    this.#byAccount.set(account, budget);
    return budget;
  }

  /** Forgets those that are full. Call it now and then. */
  prune(): void {
    const nowMs = this.#clockMs();
    for (const [account, budget] of this.#byAccount) {
      if (budget.isFull(nowMs)) this.#byAccount.delete(account);
    }
  }
}
