import { expect } from "bun:test";
import type { ClientState } from "../../src/client/events.ts";
import { Talker } from "./talker.ts";
import { until } from "./wait.ts";

/** Several who talk in the general channel at the same time, and what they must have seen of each other. */
export class Talkers {
  readonly all: readonly Talker[];
  /** Every state that one of their clients has been in since all were online. */
  readonly states = new Set<ClientState>();
  /** The channel's newest number when they came. */
  readonly #before: number;

  private constructor(all: readonly Talker[]) {
    this.all = all;
    this.#before = all[0]?.client.channels[0]?.head ?? 0;
    for (const { client } of all) client.on("state", (state) => this.states.add(state));
  }

  /** Makes accounts for so many and lets them in; they begin to talk. */
  static async enter(url: string, count: number): Promise<Talkers> {
    const all: Talker[] = [];
    for (let index = 0; index < count; index++) {
      all.push(await Talker.enter(url, `user-${index}`));
    }
    const talkers = new Talkers(all);
    for (const talker of all) talker.talk();
    return talkers;
  }

  /** Resolves when each of them has been shown so many more messages. */
  async hear(messages: number): Promise<void> {
    const counts = this.all.map(({ shown }) => shown.length + messages);
    await until(() => this.all.every(({ shown }, index) => shown.length > (counts[index] ?? 0)));
  }

  /** Everybody falls silent when the last message is acknowledged. */
  async hush(): Promise<void> {
    await Promise.all(this.all.map((talker) => talker.hush()));
  }

  /** The longest time without a message of each, as a line for the reader of the test's output. */
  get silences(): string {
    const silences = this.all.map(({ longestSilenceMs }) => Math.round(longestSilenceMs));
    return `longest silence of each client: ${silences.join(", ")} ms`;
  }

  /**
   * What was acknowledged was so once, the numbers are all there are, and everybody was shown all of it in
   * order. To be called when they are silent.
   */
  async expectWhole(): Promise<void> {
    const sent = new Map(this.all.flatMap(({ acknowledged }) => [...acknowledged]));
    const total = this.all.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
    expect(sent.size).toBe(total);
    await until(() => this.all.every(({ shown }) => shown.length >= total));
    const everything = Array.from({ length: total }, (_, index) => {
      const seq = this.#before + index + 1;
      return [seq, sent.get(seq) as string];
    });
    for (const { shown, resets } of this.all) {
      expect(resets).toEqual([]);
      expect(shown.map(({ seq, body }) => [seq, body])).toEqual(everything);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(({ client }) => client.close()));
  }
}
