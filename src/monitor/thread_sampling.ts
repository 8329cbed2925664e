import { Session } from "node:inspector";
import type { CpuProfile, Fairness, ThreadSample } from "./cpu_profile.ts";
import { newSamplers, scheduleSamplers, threadNames } from "./sampler_thread.ts";

/**
 * JavaScriptCore never ends a sampler thread, and between two profiles it goes on waking up at the
 * last interval it was given: at one of 1 ms that took 2% of a core. So it is given this one.
 */
const RESTING_INTERVAL_US = 250_000;
/** It sleeps for its interval, a fifth more or less; after this it has noticed a new one. */
const NOTICED_AFTER_MS = 310;

/**
 * Samples the thread that it runs in: Bun's inspector sees one thread, so each has its own. Until
 * the first profile it costs nothing.
 */
export class ThreadSampling {
  readonly #session = new Session();
  #fairness: Fairness | undefined;
  #startedMs = 0;
  #startedCpu: NodeJS.CpuUsage | undefined;

  /**
   * Begins to take samples; it takes a third of a second until the first.
   *
   * @param intervalUs time between two samples.
   * @returns whether samples come when they are due.
   */
  async start(intervalUs: number): Promise<Fairness> {
    const before = threadNames();
    this.#session.connect();
    try {
      await this.#post("Profiler.enable");
      await this.#setInterval(intervalUs);
      await this.#post("Profiler.start");
      await Bun.sleep(NOTICED_AFTER_MS);
      // Not sooner: a thread names itself, and is known by its name.
      this.#fairness ??= await scheduleSamplers(newSamplers(before));
      // What came until here came irregularly.
      await this.#post("Profiler.stop");
      await this.#post("Profiler.start");
    } catch (error) {
      this.#session.disconnect();
      throw error;
    }
    this.#startedMs = performance.now();
    this.#startedCpu = process.threadCpuUsage();
    return this.#fairness;
  }

  async stop(): Promise<ThreadSample> {
    const durationMs = performance.now() - this.#startedMs;
    const { user, system } = process.threadCpuUsage(this.#startedCpu);
    try {
      const { profile } = (await this.#post("Profiler.stop")) as { profile: CpuProfile };
      await this.#setInterval(RESTING_INTERVAL_US);
      await this.#post("Profiler.start");
      await this.#post("Profiler.stop");
      return { durationMs, cpuMs: (user + system) / 1000, profile };
    } finally {
      this.#session.disconnect();
    }
  }

  #setInterval(interval: number): Promise<unknown> {
    return this.#post("Profiler.setSamplingInterval", { interval });
  }

  #post(method: string, params: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#session.post(method, params, (error: Error | null, result?: object) => {
        if (error === null) resolve(result);
        else reject(new Error(`monitor/thread_sampling: ${method}: ${error.message}`));
      });
    });
  }
}
