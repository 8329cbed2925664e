import type { GoingAway } from "../wire/gen/hubbub/v1/events_pb.ts";

/** How long it is tried often; whoever is away for longer is waited for by back-off. */
const PATIENCE_MS = 60_000;
/** The least time between two tries, give or take a quarter. */
const LEAST_WAIT_MS = 500;

/**
 * When to try again at a server that said that it goes away: most likely another one takes its place in a
 * moment, and nobody answers until then. Back-off would double its waits meanwhile, and notice the new server
 * long after it is there.
 *
 * Each wait is as long as the server has been away so far, but never longer than the spread that it asked for:
 * so the pause is at most about twice as long as the server's, and those who come back in the first moments of the new
 * one are spread over `spreadMs`, as they would have been had it never been away.
 */
export class Comeback {
  /** When the first try is due. */
  readonly dueAtMs: number;
  readonly #toldAtMs: number;
  readonly #spreadMs: number;
  #isFirst = true;

  /** @param random from 0 (inclusive) to 1 (exclusive), as everywhere below. */
  constructor({ afterMs, spreadMs }: GoingAway, nowMs: number, random: () => number) {
    this.#toldAtMs = nowMs;
    this.dueAtMs = nowMs + afterMs + random() * spreadMs;
    this.#spreadMs = spreadMs;
  }

  /** Milliseconds until the next try; undefined where back-off is to say so from now on. */
  nextWaitMs(nowMs: number, random: () => number): number | undefined {
    if (this.#isFirst) {
      this.#isFirst = false;
      return Math.max(0, this.dueAtMs - nowMs);
    }
    const awayMs = nowMs - this.#toldAtMs;
    if (awayMs > PATIENCE_MS) return undefined;
    const usualMs = Math.max(LEAST_WAIT_MS, Math.min(this.#spreadMs, awayMs));
    return usualMs * (0.75 + random() / 2);
  }
}
