/** The longest first wait. */
const BASE_MS = 500;
/** The longest wait there is. */
const CAP_MS = 30_000;

/** The longest wait before try number `attempt` (0 is the first repetition): 0.5 s doubling to 30 s. */
export function backoffCeilingMs(attempt: number): number {
  // Beyond 2^6 the cap holds; bounding the exponent keeps the product finite for any attempt.
  return Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt, 16));
}

/**
 * Exponential back-off with full jitter: anything from nothing to the ceiling, so that clients cut
 * off in the same moment do not come back in the same moment.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 *
 * @param random from 0 (inclusive) to 1 (exclusive).
 */
export function backoffMs(attempt: number, random: () => number): number {
  return random() * backoffCeilingMs(attempt);
}
