import { newHistogram } from "../percentiles.ts";
import type { Address } from "../tester/address.ts";
import { TesterSocket } from "../tester/socket.ts";

/** Somebody who is turned away comes back this often at most. */
const MOST_TRIES = 50;
/** Far below what the server asks for: here it is to be pressed. */
const LONGEST_PAUSE_MS = 200;

/** Many connections that are opened as fast as the server lets them. */
export class Crowd {
  /** From the first byte of the last try to the welcome, in microseconds. */
  readonly latency = newHistogram();
  /** Refusals by their code, and ends of connections by theirs. */
  readonly refusals = new Map<string, number>();
  readonly #sockets: TesterSocket[] = [];

  get connected(): number {
    return this.#sockets.length;
  }

  /**
   * Opens a connection to each address, `atOnce` of them under way at any time, and waits for all of
   * their welcomes. They stay open.
   *
   * @throws where somebody does not get in.
   */
  async enter(addresses: readonly Address[], atOnce: number): Promise<void> {
    let next = 0;
    const work = async () => {
      while (next < addresses.length) await this.#enterOne(addresses[next++] as Address);
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, addresses.length) }, work));
  }

  /** Cuts all connections, as a crash of the server does. */
  cut(): void {
    for (const socket of this.#sockets.splice(0)) socket.cut();
  }

  async #enterOne(address: Address): Promise<void> {
    for (let tries = 1; ; tries++) {
      const beganMs = performance.now();
      const ending = await this.#tryOnce(address);
      if (ending === undefined) {
        this.latency.recordValue(Math.round((performance.now() - beganMs) * 1000));
        return;
      }
      this.refusals.set(ending, (this.refusals.get(ending) ?? 0) + 1);
      const isTurnedAway = ending === "TOO_MANY_ARRIVALS" || ending === "UNREACHABLE";
      if (!isTurnedAway || tries === MOST_TRIES) {
        throw new Error(`a connection was refused for good: ${ending}`);
      }
      await Bun.sleep(Math.random() * LONGEST_PAUSE_MS);
    }
  }

  /** Resolves with undefined at the welcome, or with why there was none. */
  #tryOnce(address: Address): Promise<string | undefined> {
    return new Promise((resolve) => {
      const socket = new TesterSocket(address, {
        // The first frame is the welcome; nothing follows before `resume`.
        binary: () => {
          this.#sockets.push(socket);
          resolve(undefined);
        },
        text: () => {},
        closed: resolve,
      });
    });
  }
}
