/**
 * Does something once, some time after it was asked for, however often that is; at the latest when
 * the page is left.
 */
export class Later {
  readonly #delayMs: number;
  readonly #work: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(delayMs: number, work: () => void) {
    this.#delayMs = delayMs;
    this.#work = work;
    window.addEventListener("pagehide", this.#now);
  }

  ask(): void {
    this.#timer ??= setTimeout(this.#now, this.#delayMs);
  }

  /** Does what was asked for, and takes no more. */
  stop(): void {
    this.#now();
    window.removeEventListener("pagehide", this.#now);
  }

  readonly #now = (): void => {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#work();
  };
}
