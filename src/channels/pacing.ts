/** The wait is at most so many times what the fan-out took. */
const LONGEST_WAIT_PER_FAN_OUT = 4;

/**
 * How long to wait after a batch before the next is handed over, in ms.
 *
 * Fan-out costs one system call a socket, whatever the number of messages in it, so letting messages
 * gather for the next one saves time. Where frames carry a message or two, nothing is in short
 * supply but patience: the wait is as long as the fan-out was, which leaves half of the time for
 * everything else. The more messages a frame carries, the longer the wait, so that under load
 * fan-out takes a fifth of the time at most. Where it took next to nothing there is nothing to
 * save, and the wait is next to none.
 *
 * @param fanOutMs what publishing the batch and writing it to the sockets took.
 * @param messagesPerFrame the batch's messages, divided by the channels that they are for.
 * @param capMs the longest wait; 0 turns pacing off.
 */
export function paceMs(fanOutMs: number, messagesPerFrame: number, capMs: number): number {
  const waitPerFanOut = Math.min(LONGEST_WAIT_PER_FAN_OUT, Math.max(1, messagesPerFrame));
  return Math.min(capMs, fanOutMs * waitPerFanOut);
}
