/** The wait is at most so many times what fan-out takes. */
const LONGEST_WAIT_PER_FAN_OUT = 4;
/** How much one batch moves the average of what fan-out takes. */
const SMOOTHING = 1 / 4;

/**
 * Says how long to wait after a batch before the next is handed over.
 *
 * Fan-out costs one system call a socket, whatever the number of messages in it, so letting messages
 * gather for the next one saves time. Where frames carry a message or two, nothing is in short
 * supply but patience: the wait is as long as fan-out takes, which leaves half of the time for
 * everything else. The more messages a frame carries, the longer the wait, so that under load
 * fan-out takes a fifth of the time, until the wait is at its cap. Where it takes next to nothing there is nothing to
 * save, and the wait is next to none.
 *
 * What fan-out takes is an average of the last few batches, of which none counts for more than twice
 * what the average was: a machine that stood still for a moment must not make everybody wait.
 */
export class Pacing {
  readonly #capMs: number;
  #averageMs = 0;

  /** @param capMs the longest wait; 0 turns pacing off. */
  constructor(capMs: number) {
    this.#capMs = capMs;
  }

  /**
   * How long to wait now, in ms.
   *
   * @param fanOutMs what publishing the batch and writing it to the sockets took.
   * @param messagesPerFrame the batch's messages, divided by the channels that they are for.
   */
  waitMs(fanOutMs: number, messagesPerFrame: number): number {
    // The first ms is let through, or an average of 0 would stay that.
    const counted = Math.min(fanOutMs, Math.max(1, this.#averageMs * 2));
    this.#averageMs += (counted - this.#averageMs) * SMOOTHING;
    const waitPerFanOut = Math.min(LONGEST_WAIT_PER_FAN_OUT, Math.max(1, messagesPerFrame));
    return Math.min(this.#capMs, this.#averageMs * waitPerFanOut);
  }
}
