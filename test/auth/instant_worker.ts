import type { HashAnswer } from "../../src/auth/hash_orders.ts";
import type { HashWorker } from "../../src/auth/hasher.ts";

/**
 * A hasher that takes no time, for tests of what stands before it. It takes what it is told for a
 * hash, so it only knows passwords that it hashed itself. While it is held, nothing is answered.
 */
export class InstantWorker implements HashWorker {
  readonly priority = "low";
  readonly pid = undefined;
  /** What it was asked, in order: `hash`, `verify`, or `verify nobody`. */
  readonly orders: string[] = [];
  #gate: PromiseWithResolvers<void> | undefined;

  hash(password: string): Promise<HashAnswer> {
    return this.#answer("hash", { id: 0, hash: `$instant$${password}` });
  }

  verify(hash: string | null, password: string): Promise<HashAnswer> {
    const answer: HashAnswer =
      hash === `$instant$${password}` ? { id: 0, matches: true } : { id: 0, matches: false };
    return this.#answer(hash === null ? "verify nobody" : "verify", answer);
  }

  hold(): void {
    this.#gate = Promise.withResolvers();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  async stop(): Promise<void> {
    this.release();
  }

  async #answer(order: string, answer: HashAnswer): Promise<HashAnswer> {
    this.orders.push(order);
    await this.#gate?.promise;
    return answer;
  }
}
