/** Fan-out may take a ninth of the time: for each ms of it, wait eight. */
const WAIT_PER_FAN_OUT = 8;

/**
 * How long to wait after a batch before the next is handed over, in ms.
 *
 * Fan-out costs one system call a socket, whatever the number of messages in it. So the longer it
 * took, the more is saved by letting messages gather for the next one; where it took next to
 * nothing there is nothing to save, and the wait is next to none.
 *
 * @param fanOutMs what publishing the batch and writing it to the sockets took.
 * @param capMs the longest wait; 0 turns pacing off.
 */
export function paceMs(fanOutMs: number, capMs: number): number {
  return Math.min(capMs, fanOutMs * WAIT_PER_FAN_OUT);
}
