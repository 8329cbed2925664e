import { BoundedTable } from "./bounded_table.ts";

interface Failures {
  count: number;
  /** Until when the next try has to wait. */
  untilMs: number;
}

/** Failures that are free: people mistype. */
export const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 1000;
export const LONGEST_WAIT_MS = 15 * 60 * 1000;
/** After this long without a try, what was failed is forgotten. */
const FORGET_MS = 60 * 60 * 1000;

/**
 * Waits that double with each failure of a key, in bounded memory. A failure is noted when a try
 * begins, so that many tries at once do not come before the first failure of them.
 */
export class BackOff {
  readonly #clockMs: () => number;
  readonly #failures: BoundedTable<Failures>;

  /** @param clockMs a clock in ms that never goes back. */
  constructor(keys: number, clockMs: () => number) {
    this.#clockMs = clockMs;
    this.#failures = new BoundedTable(keys, (failures) =>
      this.#isForgotten(failures) ? 0 : failures.count,
    );
  }

  /** How long the key has to wait, in ms; 0 where it need not. */
  waitMs(key: string): number {
    const failures = this.#failures.get(key);
    return failures === undefined ? 0 : Math.max(0, Math.ceil(failures.untilMs - this.#clockMs()));
  }

  failed(key: string): void {
    const known = this.#failures.get(key);
    const count = known === undefined || this.#isForgotten(known) ? 1 : known.count + 1;
    const doublings = Math.min(count - FREE_FAILURES, 20);
    const waitMs = doublings < 0 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** doublings);
    this.#failures.set(key, { count, untilMs: this.#clockMs() + waitMs });
  }

  /** Takes one failure back: the try was no try. */
  withdraw(key: string): void {
    const known = this.#failures.get(key);
    if (known === undefined) return;
    if (known.count <= 1) return this.#failures.delete(key);
    // It need not wait: it did not have to when that try began.
    this.#failures.set(key, { count: known.count - 1, untilMs: this.#clockMs() });
  }

  /** The key was right: nothing is held against it any more. */
  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  #isForgotten({ untilMs }: Failures): boolean {
    return this.#clockMs() > untilMs + FORGET_MS;
  }
}
