import type { Clock } from "./clock.ts";

/**
 * Watches a connection from which nothing is heard: asks after half of the server's idle time, gives
 * up after one and a half of it. A busy connection costs one timer per half, and no ping.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #ask: () => void;
  readonly #giveUp: () => void;
  #heardAtMs: number;
  #cancel = () => {};

  constructor(clock: Clock, idleMs: number, ask: () => void, giveUp: () => void) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#ask = ask;
    this.#giveUp = giveUp;
    this.#heardAtMs = clock.nowMs();
    this.#arm(idleMs / 2);
  }

  /** Hot: called for every frame. */
  heard(): void {
    this.#heardAtMs = this.#clock.nowMs();
  }

  stop(): void {
    this.#cancel();
  }

  #arm(delayMs: number): void {
    this.#cancel = this.#clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    const silentMs = this.#clock.nowMs() - this.#heardAtMs;
    if (silentMs >= this.#idleMs * 1.5) {
      this.#giveUp();
    } else if (silentMs >= this.#idleMs / 2) {
      this.#ask();
      this.#arm(this.#idleMs / 2);
    } else {
      this.#arm(this.#idleMs / 2 - silentMs);
    }
  }
}
