import { realpathSync } from "node:fs";
import type { Counters } from "./counters.ts";
import { LoopDelay, Readings } from "./figures.ts";
import { FileSizes } from "./file_sizes.ts";
import { Recorder } from "./recorder.ts";

const SAMPLE_MS = 1000;

/** Everything that a server knows about itself: now, and over the last day. One instance a server. */
export class Monitoring {
  readonly history: Recorder;
  readonly #counters: Counters;
  readonly #loopDelay = new LoopDelay();
  readonly #files: FileSizes;
  readonly #timer: Timer;

  /** @param dataFile the open database. */
  constructor(counters: Counters, dataFile: string) {
    this.#counters = counters;
    const files = new FileSizes(realpathSync(dataFile));
    this.#files = files;
    this.history = new Recorder({
      counters,
      loopDelay: this.#loopDelay,
      files,
      clockMs: () => performance.now(),
      now: Date.now,
    });
    this.#timer = setInterval(() => this.history.sample(), SAMPLE_MS);
    this.#timer.unref();
  }

  /** Begins to measure for one monitor's connection. */
  measure(): Readings {
    return new Readings(this.#counters, this.#loopDelay, this.#files);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#loopDelay.stop();
  }
}
