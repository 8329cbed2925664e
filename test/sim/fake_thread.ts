/**
 * A worker thread as the server sees it, one step at a time: calls are carried out one after
 * another, replies come in the same order, and whoever owns it says when. A call that was carried
 * out and not replied to is what a crash leaves behind.
 */
export class FakeThread {
  readonly #calls: (() => () => void)[] = [];
  readonly #replies: (() => void)[] = [];

  call<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#calls.push(() => {
        try {
          const value = run();
          return () => resolve(value);
        } catch (error) {
          return () => reject(error);
        }
      });
    });
  }

  get hasCalls(): boolean {
    return this.#calls.length > 0;
  }

  get hasReplies(): boolean {
    return this.#replies.length > 0;
  }

  /** Carries out the next call. */
  work(): void {
    const call = this.#calls.shift();
    if (call !== undefined) this.#replies.push(call());
  }

  /** Hands over the next reply. */
  reply(): void {
    this.#replies.shift()?.();
  }
}
