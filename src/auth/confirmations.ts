/** How long after it was proven that it is still the user, the user may change factors. */
export const CONFIRMED_MS = 5 * 60 * 1000;

interface Confirmation {
  readonly atMs: number;
  readonly withFactor: boolean;
}

/**
 * Which sessions have lately proven again who uses them, and by what: the password alone, or a
 * factor too. In memory only: after a restart one proves it once more.
 */
export class Confirmations {
  readonly #now: () => number;
  readonly #most: number;
  /** In the order of time. */
  readonly #bySession = new Map<string, Confirmation>();

  /**
   * @param now Milliseconds since the Unix epoch.
   * @param most Sessions remembered; beyond that the oldest is forgotten.
   */
  constructor(now: () => number, most = 65_536) {
    this.#now = now;
    this.#most = most;
  }

  confirm(sessionId: string, withFactor: boolean): void {
    this.#bySession.delete(sessionId);
    this.#bySession.set(sessionId, { atMs: this.#now(), withFactor });
    for (const [oldest, { atMs }] of this.#bySession) {
      if (this.#bySession.size <= this.#most && this.#isFresh(atMs)) return;
      this.#bySession.delete(oldest);
    }
  }

  /** @param withFactor Whether the password alone is not enough. */
  isConfirmed(sessionId: string, withFactor: boolean): boolean {
    const known = this.#bySession.get(sessionId);
    return known !== undefined && this.#isFresh(known.atMs) && (known.withFactor || !withFactor);
  }

  endSession(sessionId: string): void {
    this.#bySession.delete(sessionId);
  }

  #isFresh(atMs: number): boolean {
    return this.#now() - atMs < CONFIRMED_MS;
  }
}
