import type { ProfiledThread } from "../monitor/profiler.ts";
import { sampledThread } from "../monitor/sampled_thread.ts";
import type { Page, ReaderCalls } from "./reader.worker.ts";
import { Thread } from "./thread.ts";

/** A page holds at most this many bytes of messages, but always one message. */
const PAGE_BYTES = 128 * 1024;

/** The reader thread, as the rest of the server sees it. */
export class History {
  readonly #thread: Thread<ReaderCalls>;

  private constructor(thread: Thread<ReaderCalls>) {
    this.#thread = thread;
  }

  static async open(path: string, died: (error: Error) => void): Promise<History> {
    const thread = new Thread<ReaderCalls>(new URL("./reader.worker.ts", import.meta.url), died);
    await thread.call("open", [path]);
    return new History(thread);
  }

  /**
   * The oldest messages above `after`, none above `head`. The bound matters: the file may already
   * hold messages that have not been delivered yet.
   *
   * Rejects with StoreError where the disk refused the read.
   */
  after(channel: number, after: number, head: number, limit: number): Promise<Page> {
    return this.#thread.call("ascending", [channel, after + 1, head, limit, PAGE_BYTES]);
  }

  /** The newest messages below `before`. Rejects as `after` does. */
  before(channel: number, before: number, limit: number): Promise<Page> {
    return this.#thread.call("descending", [channel, 1, before - 1, limit, PAGE_BYTES]);
  }

  /** The rows of the oldest messages of these channels; 0 where there is none. Rejects as `after` does. */
  oldestRows(channels: readonly number[]): Promise<number[]> {
    return this.#thread.call("oldestRows", [channels]);
  }

  /** What the messages `from` to `to` of a channel take, encoded. Rejects as `after` does. */
  bytesOf(channel: number, from: number, to: number): Promise<number> {
    return this.#thread.call("bytesOf", [channel, from, to]);
  }

  /** What the database takes beside messages and their indexes, in bytes. Rejects as `after` does. */
  bytesBeside(): Promise<number> {
    return this.#thread.call("bytesBeside", []);
  }

  /** Copies what it can of the WAL into the database; resolves to the frames the WAL holds. */
  checkpoint(): Promise<number> {
    return this.#thread.call("checkpoint", []);
  }

  /** The thread, for CPU profiles. */
  get profiled(): ProfiledThread {
    return sampledThread("reader", {
      startSampling: (intervalUs) => this.#thread.call("startSampling", [intervalUs]),
      stopSampling: () => this.#thread.call("stopSampling", []),
    });
  }

  /** Closes the file. The thread goes on, idle, until `terminate`. */
  close(): Promise<void> {
    return this.#thread.call("close", []);
  }

  /** Ends the thread. */
  terminate(): void {
    this.#thread.terminate();
  }
}
