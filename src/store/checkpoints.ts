/** WAL pages past which the writer itself is asked to start the WAL over: 64 MiB of 4 KiB pages. */
const RESTART_FRAMES = 16_384;

interface Options {
  /** Copies what it can without holding up the writer; resolves to the frames that the WAL holds. */
  readonly checkpoint: () => Promise<number>;
  /** Starts the WAL over, between two batches. */
  readonly restartWal: () => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/**
 * Keeps the WAL short without stalling commits. The bulk is copied from another thread (PASSIVE).
 * Under unbroken load that never catches up quite, and the WAL would grow for ever; so past a
 * bound the writer copies the little that is left and starts the WAL over (RESTART).
 */
export class Checkpoints {
  readonly #options: Options;
  #running = false;
  #isStopped = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Call it every second or so; where there is nothing to copy it costs next to nothing. */
  async tick(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      const frames = await this.#options.checkpoint();
      if (frames > RESTART_FRAMES && !this.#isStopped) await this.#options.restartWal();
    } catch (error) {
      this.#options.failed(error);
    } finally {
      this.#running = false;
    }
  }

  /** Asks for nothing more: the writer is about to close. */
  stop(): void {
    this.#isStopped = true;
  }
}
