import type { Counters } from "../monitor/counters.ts";
import type { HashChild } from "./hash_child.ts";
import type { HashAnswer } from "./hash_orders.ts";
import type { Alarm, Applicant, SignInQueue, Surroundings, Turn } from "./sign_in_queue.ts";

/** A process that hashes one password at a time. */
export type HashWorker = Pick<HashChild, "hash" | "verify" | "priority" | "pid" | "stop">;

/**
 * Has passwords hashed and checked by the child processes, when it is the applicant's turn in the
 * queue. Its methods throw what the queue and the child throw: SIGN_IN_BUSY, or GOING_AWAY.
 */
export class Hasher {
  readonly #workers: readonly HashWorker[];
  readonly #queue: SignInQueue;
  readonly #counters: Counters;
  readonly #clockMs: () => number;
  readonly #alarm: Alarm;

  /**
   * @param workers as many as the queue lets hash at once.
   * @param surroundings those of the queue.
   */
  constructor(
    workers: readonly HashWorker[],
    queue: SignInQueue,
    counters: Counters,
    { clockMs, alarm }: Pick<Surroundings, "clockMs" | "alarm">,
  ) {
    this.#workers = workers;
    this.#queue = queue;
    this.#counters = counters;
    this.#clockMs = clockMs;
    this.#alarm = alarm;
  }

  hash(password: string, applicant: Applicant): Promise<HashAnswer> {
    return this.#inTurn(applicant, (worker) => worker.hash(password));
  }

  /** @param stored null where there is no such account: that takes the same way and work. */
  verify(stored: string | null, password: string, applicant: Applicant): Promise<HashAnswer> {
    return this.#inTurn(applicant, (worker) => worker.verify(stored, password));
  }

  async #inTurn(
    applicant: Applicant,
    work: (worker: HashWorker) => Promise<HashAnswer>,
  ): Promise<HashAnswer> {
    const turn = await this.#queue.enter(applicant);
    const answer = this.#work(turn, work);
    const leftMs = Math.max(0, turn.deadlineMs - this.#clockMs());
    const late = Promise.withResolvers<never>();
    // The hash itself goes on, and keeps its worker until it is done.
    const cancel = this.#alarm(leftMs, () => late.reject(this.#queue.tooLate(applicant)));
    try {
      return await Promise.race([answer, late.promise]);
    } finally {
      cancel();
    }
  }

  async #work(turn: Turn, work: (worker: HashWorker) => Promise<HashAnswer>): Promise<HashAnswer> {
    const worker = this.#workers[turn.hasher];
    if (worker === undefined) throw new Error("auth/hasher: more turns than workers");
    const beganMs = this.#clockMs();
    try {
      const answer = await work(worker);
      this.#counters.hashes += 1;
      this.#counters.hashMs.record(this.#clockMs() - beganMs);
      return answer;
    } finally {
      turn.done();
    }
  }
}
