interface Timer {
  readonly atMs: number;
  readonly task: () => void;
}

/** Time that passes only when told to. */
export class FakeClock {
  #nowMs = 1_000;
  #timers: Timer[] = [];

  readonly nowMs = (): number => this.#nowMs;

  readonly schedule = (delayMs: number, task: () => void): void => {
    this.#timers.push({ atMs: this.#nowMs + delayMs, task });
  };

  get hasTimers(): boolean {
    return this.#timers.length > 0;
  }

  pass(ms: number): void {
    this.#nowMs += ms;
  }

  /** Runs the timer that is due first, which may be in the future; the first set goes first. */
  runNext(): void {
    const first = this.#timers.reduce<Timer | undefined>(
      (first, timer) => (first === undefined || timer.atMs < first.atMs ? timer : first),
      undefined,
    );
    if (first === undefined) return;
    this.#timers = this.#timers.filter((timer) => timer !== first);
    this.#nowMs = Math.max(this.#nowMs, first.atMs);
    first.task();
  }

  /** The process is gone, and its timers with it. */
  forgetTimers(): void {
    this.#timers = [];
  }
}
