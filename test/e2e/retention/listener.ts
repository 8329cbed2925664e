import { HubbubClient } from "../../../src/client/client.ts";
import type { SignIn } from "../../../src/client/sign_in.ts";

const GENERAL = 1;

/** Somebody who comes and goes, and holds what is told of the general channel against its numbers. */
export class Listener {
  /** The bodies that came, by their numbers. */
  readonly heard = new Map<number, string>();
  /** How many numbers were told to be gone, and how often. */
  missed = 0;
  gaps = 0;
  /** What should never be: a number out of turn, or a gap that does not begin after the last number. */
  readonly faults: string[] = [];
  last: number | undefined;
  readonly #url: () => string;
  readonly #signIn: SignIn;
  #client: HubbubClient | undefined;

  /** @param url asked each time that somebody comes. */
  constructor(url: () => string, signIn: SignIn) {
    this.#url = url;
    this.#signIn = signIn;
  }

  get client(): HubbubClient {
    if (this.#client === undefined) throw new Error("the listener is away");
    return this.#client;
  }

  /** Connects, and goes on where it was. */
  async come(): Promise<void> {
    const cursors = this.#client?.cursors;
    const client = new HubbubClient({ url: this.#url(), credentials: this.#signIn, cursors });
    this.#client = client;
    client.on("message", ({ channel, seq, body }) => {
      if (channel === GENERAL) this.#take(seq, seq, () => this.heard.set(seq, body));
    });
    client.on("gap", ({ channel, from, to }) => {
      if (channel.id !== GENERAL) return;
      this.gaps += 1;
      this.missed += to - from + 1;
      this.#take(from, to, () => {});
    });
    await client.connect();
  }

  async go(): Promise<void> {
    await this.client.close();
  }

  #take(from: number, to: number, isNew: () => void): void {
    if (this.last !== undefined && from !== this.last + 1) {
      this.faults.push(`${from}-${to} came after ${this.last}`);
    }
    this.last = to;
    isNew();
  }
}

/** Reads all of the channel backwards, in small pages, as somebody who scrolls up. */
export async function readBack(client: HubbubClient, limit = 20) {
  const found: { seq: number; body: string }[] = [];
  let first = 0;
  for (let before = 0; ; ) {
    const page = await client.history({ channel: GENERAL, before, limit });
    found.unshift(...page.messages.map(({ seq, body }) => ({ seq, body })));
    first = page.first;
    if (!page.more || page.messages.length === 0) break;
    before = found[0]?.seq as number;
  }
  return { found, first };
}

/** The numbers from `first` to `last`. */
export function numbers(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}
