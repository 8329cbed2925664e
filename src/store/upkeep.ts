import type { Counters } from "../monitor/counters.ts";
import type { Log as EventLog } from "../monitor/log.ts";
import { Checkpoints } from "./checkpoints.ts";
import { LogMark } from "./log_mark.ts";
import type { Store } from "./store.ts";
import { WalWatch } from "./wal_watch.ts";

/** How often the WAL is copied into the database, and the mark beside it follows its log. */
const TICK_MS = 1000;

/** What the file needs while the server runs: a short WAL, and a mark that follows. */
export class Upkeep {
  readonly #checkpoints: Checkpoints;
  readonly #mark: LogMark;
  readonly #timer: Timer;

  /** @param ownCheckpoints whether this server copies the WAL into the database. */
  constructor(store: Store, ownCheckpoints: boolean, counters: Counters, eventLog: EventLog) {
    const { writer, history } = store;
    this.#checkpoints = new Checkpoints({
      checkpoint: () => history.checkpoint(),
      restartWal: () => writer.restartWal(),
      failed: (err) => eventLog.warn({ err }, "a checkpoint failed; it is tried again"),
    });
    const walWatch = new WalWatch(store.file, (bytes) =>
      eventLog.error({ bytes }, "the WAL grows: the program that is to checkpoint it does not"),
    );
    this.#mark = new LogMark({
      path: store.file,
      logId: store.logId,
      messages: () => counters.messagesIn,
      beat: () => writer.beat(),
      failed: (err) => eventLog.debug({ err }, "the mark of the log could not be written"),
    });
    this.#timer = setInterval(() => {
      void this.#mark.tick();
      if (ownCheckpoints) void this.#checkpoints.tick();
      else walWatch.tick();
    }, TICK_MS);
  }

  /** Begins nothing more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#checkpoints.stop();
  }

  /** Resolves when the mark has reached the end of the log. */
  finish(): Promise<void> {
    return this.#mark.finish();
  }
}
