/** What a write to one socket costs the server, nearly all of it the system call. */
const WRITE_MS = 0.0025;

/** Deliveries may take a quarter of the time: for each ms of writing, wait three. */
const WAIT_PER_WRITING = 3;

/**
 * How long to wait after a flush before the next, in ms.
 *
 * A flush costs one system call a socket, whatever the number of messages in it. So the more
 * sockets a flush writes to, the more is saved by letting messages gather for the next one; with
 * few there is nothing to save, and the wait is next to none.
 *
 * @param writes sockets that the flush wrote to.
 * @param capMs the longest wait; 0 turns pacing off.
 */
export function paceMs(writes: number, capMs: number): number {
  return Math.min(capMs, writes * WRITE_MS * WAIT_PER_WRITING);
}
