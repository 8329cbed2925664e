import { StoreError } from "./errors.ts";
import type { RunJob } from "./jobs.ts";
import type { JobOrder, JobOutcome } from "./writer.worker.ts";

/** Jobs that may wait for the writer; what is beyond that is refused. */
const WAITING_JOBS = 10_000;
/** Jobs in one transaction, so that no batch of messages waits long behind them. */
const JOBS_AT_ONCE = 256;

interface Waiting {
  readonly order: JobOrder;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit for jobs: while one group is at the writer, the next one gathers. So a storm of
 * sign-ins costs a sync a group, and messages wait behind one group at the most.
 */
export class JobQueue {
  readonly #carryOut: (orders: readonly JobOrder[]) => Promise<JobOutcome[]>;
  readonly #waiting: Waiting[] = [];
  #isBusy = false;
  #isClosed = false;
  #drained = () => {};

  /** @param carryOut keeps all that succeeded in one transaction, or rejects and keeps none. */
  constructor(carryOut: (orders: readonly JobOrder[]) => Promise<JobOutcome[]>) {
    this.#carryOut = carryOut;
  }

  /** Rejects with StoreError where the disk refuses, too many jobs wait, or the queue is closed. */
  readonly run: RunJob = (name, ...args) => {
    if (this.#isClosed) return Promise.reject(new StoreError("CLOSED", "the file is closed"));
    if (this.#waiting.length >= WAITING_JOBS) {
      return Promise.reject(new StoreError("QUEUE_FULL", "too many jobs wait for the writer"));
    }
    return new Promise((resolve, reject) => {
      const order = { name, args };
      // The group's outcomes come in the order of its jobs.
      this.#waiting.push({ order, resolve: resolve as (value: unknown) => void, reject });
      if (!this.#isBusy) void this.#next();
    });
  };

  /** Takes no more jobs; resolves when those that were taken are done. */
  close(): Promise<void> {
    this.#isClosed = true;
    if (!this.#isBusy) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  async #next(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, JOBS_AT_ONCE);
      try {
        const outcomes = await this.#carryOut(group.map(({ order }) => order));
        group.forEach(({ resolve, reject }, index) => {
          const outcome = outcomes[index] as JobOutcome;
          if ("value" in outcome) resolve(outcome.value);
          else reject(new StoreError(outcome.error.code, outcome.error.message));
        });
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#isBusy = false;
    this.#drained();
  }
}
