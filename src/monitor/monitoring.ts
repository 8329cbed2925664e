import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import type { Counters } from "./counters.ts";
import { DiskRoom } from "./disk_room.ts";
import { LoopDelay, REMEMBERED_SECONDS, Readings } from "./figures.ts";
import { FileSizes } from "./file_sizes.ts";
import { Metrics } from "./prometheus/metrics.ts";
import type { Sources } from "./prometheus/scene.ts";
import { Recorder } from "./recorder.ts";

const SAMPLE_MS = 1000;

/** Everything that a server knows about itself: now, and over the last day. One instance a server. */
export class Monitoring {
  readonly history: Recorder;
  readonly #counters: Counters;
  readonly #loopDelay = new LoopDelay();
  readonly #files: FileSizes;
  readonly #folder: string;
  readonly #timer: Timer;

  /** @param dataFile the open database. */
  constructor(counters: Counters, dataFile: string) {
    this.#counters = counters;
    const file = realpathSync(dataFile);
    const files = new FileSizes(file);
    this.#files = files;
    this.#folder = dirname(file);
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

  /** Begins to answer for Prometheus. */
  metrics(others: Omit<Sources, "counters" | "files" | "disk" | "loopDelayMs">): Metrics {
    const disk = new DiskRoom(this.#folder);
    const sinceMs = () => performance.now() - REMEMBERED_SECONDS * 1000;
    return new Metrics({
      ...others,
      counters: this.#counters,
      files: () => this.#files.newest,
      disk: () => disk.newest,
      loopDelayMs: () => this.#loopDelay.worstP99Ms(sinceMs()),
    });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#loopDelay.stop();
  }
}
