import type { ProfiledThread } from "../monitor/profiler.ts";
import { sampledThread } from "../monitor/sampled_thread.ts";
import type { CommitResult } from "./committer.ts";
import { JobQueue } from "./job_queue.ts";
import type { RunJob } from "./jobs.ts";
import type { Durability } from "./schema.ts";
import { Thread } from "./thread.ts";
import type { WriterCalls } from "./writer.worker.ts";

/** The writer thread, as the rest of the server sees it. */
export class Writer {
  readonly #thread: Thread<WriterCalls>;
  readonly #jobs = new JobQueue((orders) => this.#thread.call("jobs", [orders]));

  private constructor(thread: Thread<WriterCalls>) {
    this.#thread = thread;
  }

  /** @param died called should the thread die; nothing can be kept from then on. */
  static async open(
    path: string,
    durability: Durability,
    died: (error: Error) => void,
  ): Promise<Writer> {
    const thread = new Thread<WriterCalls>(new URL("./writer.worker.ts", import.meta.url), died);
    await thread.call("open", [path, durability]);
    return new Writer(thread);
  }

  /** Commits a batch, whose buffer is handed over. Rejects with StoreError; then nothing was kept. */
  commit(batch: Uint8Array<ArrayBuffer>, entries: number): Promise<CommitResult> {
    return this.#thread.call("commit", [batch, entries], [batch.buffer]);
  }

  /** Resolves if the disk takes writes. */
  probe(): Promise<void> {
    return this.#thread.call("probe", []);
  }

  /** Counts one up in the file; resolves to how far that is. */
  beat(): Promise<number> {
    return this.#thread.call("beat", []);
  }

  /** Runs a job: see JobQueue. */
  get run(): RunJob {
    return this.#jobs.run;
  }

  restartWal(): Promise<void> {
    return this.#thread.call("restartWal", []);
  }

  /** The thread, for CPU profiles. */
  get profiled(): ProfiledThread {
    return sampledThread("writer", {
      startSampling: (intervalUs) => this.#thread.call("startSampling", [intervalUs]),
      stopSampling: () => this.#thread.call("stopSampling", []),
    });
  }

  /**
   * Carries out what was asked for before, closes the file and ends the thread.
   *
   * @param copiesWal whether it checkpoints before it closes the file.
   */
  async close(copiesWal = true): Promise<void> {
    try {
      await this.#jobs.close();
      await this.#thread.call("close", [copiesWal]);
    } finally {
      this.#thread.terminate();
    }
  }
}
