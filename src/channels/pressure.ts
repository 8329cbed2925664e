/** After a batch with a long wait the server counts as pressed for so long. */
const PRESSED_MS = 1000;

interface Options {
  /** The longest wait between two batches: see Pacing. */
  readonly capMs: number;
  /** A clock in ms that never goes back. */
  readonly clockMs: () => number;
}

/**
 * Whether messages need all the time there is, so that what can be left out should be. They do where
 * the wait after a batch is at half of its cap or above: then fan-out takes so long that people notice.
 */
export class Pressure {
  readonly #options: Options;
  #pressedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Takes notice of the wait after a batch, and returns it. */
  paced(waitMs: number): number {
    const { capMs, clockMs } = this.#options;
    if (capMs > 0 && waitMs >= capMs / 2) this.#pressedUntilMs = clockMs() + PRESSED_MS;
    return waitMs;
  }

  get isHigh(): boolean {
    return this.#options.clockMs() < this.#pressedUntilMs;
  }
}
