import { between, pick, type Random } from "./random.ts";
import { words } from "./words.ts";

/** What a virtual user does next. Channels are given by name. */
export type Action =
  | { readonly kind: "send"; readonly channel: string; readonly text: string }
  | { readonly kind: "join"; readonly channel: string }
  | { readonly kind: "leave"; readonly channel: string }
  /** A join with nothing left to join, or a leave with too few channels: the turn passes. */
  | { readonly kind: "pass" };

export interface WorkloadRules {
  /** The channels that this user may be in. */
  readonly channels: readonly string[];
  /** How many of them a user in none joins: at least, at most. */
  readonly joinsAtFirst: { readonly min: number; readonly max: number };
  /** Per cent: send, join another, leave one. */
  readonly mix: { readonly send: number; readonly join: number; readonly leave: number };
  readonly bodyWords: { readonly min: number; readonly max: number };
}

/** A user in fewer channels than this leaves none. */
const LEAVES_FROM = 4;
/** A user joins no more than this. */
const MOST_CHANNELS = 11;

/**
 * The standard workload of one user: what it does, not when. It depends on the random numbers
 * alone, and on no answer of the server as long as none is a refusal, so that a run can be
 * repeated by its seed.
 */
export class Workload {
  readonly #rules: WorkloadRules;
  readonly #random: Random;
  readonly #joined = new Set<string>();

  constructor(rules: WorkloadRules, random: Random) {
    this.#rules = rules;
    this.#random = random;
  }

  /** The channels to join at first; none where the user is in some already, from an earlier run. */
  begin(alreadyIn: readonly string[]): string[] {
    for (const name of alreadyIn) if (this.#rules.channels.includes(name)) this.#joined.add(name);
    if (this.#joined.size > 0) return [];
    const { min, max } = this.#rules.joinsAtFirst;
    const count = between(this.#random, min, max);
    const joins: string[] = [];
    while (joins.length < count) {
      const name = this.#another();
      if (name === undefined) break;
      this.#joined.add(name);
      joins.push(name);
    }
    return joins;
  }

  next(): Action {
    const { mix, bodyWords } = this.#rules;
    const turn = this.#random() * (mix.send + mix.join + mix.leave);
    if (turn < mix.send) {
      if (this.#joined.size === 0) return this.#join();
      const channel = pick(this.#random, [...this.#joined]);
      const count = between(this.#random, bodyWords.min, bodyWords.max);
      const text = Array.from({ length: count }, () => pick(this.#random, words)).join(" ");
      return { kind: "send", channel, text };
    }
    return turn < mix.send + mix.join ? this.#join() : this.#leave();
  }

  /** Whether the user is in that channel after all: an answer was lost, or a command refused. */
  corrected(channel: string, isIn: boolean): void {
    if (isIn) this.#joined.add(channel);
    else this.#joined.delete(channel);
  }

  #join(): Action {
    const channel = this.#joined.size < MOST_CHANNELS ? this.#another() : undefined;
    if (channel === undefined) return { kind: "pass" };
    this.#joined.add(channel);
    return { kind: "join", channel };
  }

  #leave(): Action {
    if (this.#joined.size < LEAVES_FROM) return { kind: "pass" };
    const channel = pick(this.#random, [...this.#joined]);
    this.#joined.delete(channel);
    return { kind: "leave", channel };
  }

  #another(): string | undefined {
    const others = this.#rules.channels.filter((name) => !this.#joined.has(name));
    return others.length === 0 ? undefined : pick(this.#random, others);
  }
}
