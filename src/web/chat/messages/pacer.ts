/** What the page offers; another one in tests. */
export interface Frames {
  /** Calls before the next frame is painted; not while the page is hidden. Returns what cancels it. */
  readonly next: (call: () => void) => () => void;
  /** Calls after this many ms, and after what is painted by then. Returns what cancels it. */
  readonly after: (ms: number, call: () => void) => () => void;
  readonly nowMs: () => number;
}

/** Frames that take no longer than this may follow one another at once. */
const CHEAP_MS = 8;
/** However slow the machine is, it is not made to wait longer than this. */
const LONGEST_PAUSE_MS = 500;

/**
 * Decides when what has come is rendered: once a frame at the most, however much it is, and after
 * a frame that took long only when as much time has passed again. So at least half of the time is
 * left for the person at the page and for reading the socket, whatever arrives.
 */
export class Pacer {
  readonly #frames: Frames;
  readonly #render: () => void;
  #isDue = false;
  #isResting = false;
  #isStopped = false;
  #cancel = () => {};

  constructor(frames: Frames, render: () => void) {
    this.#frames = frames;
    this.#render = render;
  }

  /** Something has changed: renders soon. */
  request(): void {
    if (this.#isDue || this.#isStopped) return;
    this.#isDue = true;
    if (!this.#isResting) this.#schedule();
  }

  /** Renders no more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #schedule(): void {
    this.#cancel = this.#frames.next(() => this.#frame());
  }

  #frame(): void {
    const { after, nowMs } = this.#frames;
    const beginMs = nowMs();
    this.#isDue = false;
    this.#isResting = true;
    this.#render();
    // A timer of 0 ms runs after layout and painting, which are most of what a frame costs.
    this.#cancel = after(0, () => {
      const costMs = nowMs() - beginMs;
      if (costMs <= CHEAP_MS) this.#rested();
      else this.#cancel = after(Math.min(costMs, LONGEST_PAUSE_MS), () => this.#rested());
    });
  }

  #rested(): void {
    this.#isResting = false;
    if (this.#isDue) this.#schedule();
  }
}
