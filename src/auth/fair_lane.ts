/** Who waits, as far as fairness goes. */
export interface Waiter {
  /** The network that it came from. */
  readonly network: string;
}

/**
 * A line in which networks take turns, whatever number of each network's waiters there is: whoever
 * sends many waits behind his own.
 */
export class FairLane<W extends Waiter> {
  /** Each network's waiters in order of arrival; the networks in the order of their turns. */
  readonly #byNetwork = new Map<string, W[]>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(waiter: W): void {
    const own = this.#byNetwork.get(waiter.network);
    if (own === undefined) this.#byNetwork.set(waiter.network, [waiter]);
    else own.push(waiter);
    this.#length += 1;
  }

  /** Takes out who is next. */
  shift(): W | undefined {
    const [next] = this.#byNetwork;
    if (next === undefined) return undefined;
    const [network, own] = next;
    const waiter = own.shift();
    this.#length -= 1;
    this.#byNetwork.delete(network);
    if (own.length > 0) this.#byNetwork.set(network, own);
    return waiter;
  }

  remove(waiter: W): boolean {
    const own = this.#byNetwork.get(waiter.network);
    const index = own?.indexOf(waiter) ?? -1;
    if (own === undefined || index < 0) return false;
    own.splice(index, 1);
    this.#length -= 1;
    if (own.length === 0) this.#byNetwork.delete(waiter.network);
    return true;
  }

  /** How many would come before one more of that network. */
  ahead(network: string): number {
    const mine = this.#byNetwork.get(network)?.length ?? 0;
    let ahead = mine;
    for (const [other, waiters] of this.#byNetwork) {
      if (other !== network) ahead += Math.min(waiters.length, mine + 1);
    }
    return ahead;
  }

  /**
   * Takes out the last of the network that has most waiters, if that has at least two more than
   * `network` (one more than it would have with its newcomer).
   */
  displaceFor(network: string): W | undefined {
    const mine = this.#byNetwork.get(network)?.length ?? 0;
    let longest: W[] = [];
    for (const waiters of this.#byNetwork.values()) {
      if (waiters.length > longest.length) longest = waiters;
    }
    const last = longest[longest.length - 1];
    if (last === undefined || longest.length < mine + 2) return undefined;
    this.remove(last);
    return last;
  }
}
