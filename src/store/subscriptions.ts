import type { SubscriptionChange } from "./jobs.ts";

/**
 * Joins and leaves on their way to the file: write-behind. Kept is only how memory differs from
 * the file, so join-leave-join is one row written, and join-leave is none.
 */
export class Subscriptions {
  readonly #write: (changes: SubscriptionChange[]) => Promise<void>;
  /** account -> channel -> joined, where memory differs from what is stored or being stored. */
  readonly #pending = new Map<number, Map<number, boolean>>();
  /** Accounts whose changes are at the writer. */
  readonly #writing = new Set<number>();
  #flushing: Promise<void> = Promise.resolve();

  /** @param write keeps the changes in one transaction, or rejects and keeps none. */
  constructor(write: (changes: SubscriptionChange[]) => Promise<void>) {
    this.#write = write;
  }

  /** Notes a join or leave. The caller tells only real changes: joins and leaves in turn. */
  changed(account: number, channel: number, joined: boolean): void {
    const changes = this.#pending.get(account) ?? new Map<number, boolean>();
    if (changes.has(channel)) changes.delete(channel);
    else changes.set(channel, joined);
    if (changes.size === 0) this.#pending.delete(account);
    else this.#pending.set(account, changes);
  }

  /** The channel has been deleted: who joined or left it has nothing to be written any more. */
  forget(channel: number): void {
    for (const [account, changes] of this.#pending) {
      changes.delete(channel);
      if (changes.size === 0) this.#pending.delete(account);
    }
  }

  /** Whether the file may differ from memory for this account. */
  isDirty(account: number): boolean {
    return this.#pending.has(account) || this.#writing.has(account);
  }

  /**
   * Writes an account's changes, or everybody's, after any flush that is under way. Rejects with
   * the writer's error; the changes are then kept for the next flush.
   */
  flush(account?: number): Promise<void> {
    const flushed = this.#flushing.then(() => this.#flush(account));
    this.#flushing = flushed.catch(() => {});
    return flushed;
  }

  async #flush(account: number | undefined): Promise<void> {
    const accounts = account === undefined ? [...this.#pending.keys()] : [account];
    const changes: SubscriptionChange[] = [];
    for (const id of accounts) {
      const ofAccount = this.#pending.get(id);
      if (ofAccount === undefined) continue;
      this.#pending.delete(id);
      this.#writing.add(id);
      for (const [channel, joined] of ofAccount) changes.push({ account: id, channel, joined });
    }
    if (changes.length === 0) return;
    try {
      await this.#write(changes);
    } catch (error) {
      // Nothing was stored: what changed again meanwhile is back at the stored state.
      for (const change of changes) this.changed(change.account, change.channel, change.joined);
      throw error;
    } finally {
      for (const id of accounts) this.#writing.delete(id);
    }
  }
}
