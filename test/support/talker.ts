import { HubbubClient } from "../../src/client/client.ts";
import type { Cursors } from "../../src/client/memberships.ts";
import type { SignIn } from "../../src/client/sign_in.ts";
import { register } from "../../src/client/sign_in.ts";
import { PASSWORD } from "./server.ts";

const GENERAL = 1;

/** What a talker has been shown, in the order in which it came. */
export interface Shown {
  readonly seq: number;
  readonly body: string;
  /** How many resets it had been told of before. */
  readonly resets: number;
}

/** Somebody who talks in the general channel and keeps account of what is acknowledged and shown. */
export class Talker {
  readonly shown: Shown[] = [];
  /** The bodies that were acknowledged, by their numbers. */
  readonly acknowledged = new Map<number, string>();
  /** The last number known at each reset. */
  readonly resets: number[] = [];
  /** The longest time between two messages that were shown, in ms. */
  longestSilenceMs = 0;
  readonly client: HubbubClient;
  readonly name: string;
  #lastMs = 0;
  #count = 0;
  #isTalking = false;
  #talking: Promise<void> = Promise.resolve();

  private constructor(name: string, url: string, credentials: SignIn, cursors?: Cursors) {
    this.name = name;
    this.client = new HubbubClient({ url, credentials, ...(cursors && { cursors }) });
    this.client.on("message", ({ seq, body }) => {
      const nowMs = performance.now();
      if (this.#lastMs > 0) {
        this.longestSilenceMs = Math.max(this.longestSilenceMs, nowMs - this.#lastMs);
      }
      this.#lastMs = nowMs;
      this.shown.push({ seq, body, resets: this.resets.length });
    });
    this.client.on("reset", ([channel]) => this.resets.push(channel?.last ?? 0));
  }

  /** Makes an account, or comes back with a sign-in, and connects. */
  static async enter(url: string, name: string, credentials?: SignIn, cursors?: Cursors) {
    const signIn = credentials ?? (await register(url, name, PASSWORD));
    const talker = new Talker(name, url, signIn, cursors);
    await talker.client.connect();
    return talker;
  }

  /** Sends one message, and notes its acknowledgement. */
  async say(): Promise<void> {
    const body = `${this.name} ${++this.#count}`;
    const { seq } = await this.client.send(GENERAL, body);
    this.acknowledged.set(seq, body);
  }

  /** Sends one message after another, until `hush`. */
  talk(): void {
    this.#isTalking = true;
    this.#talking = (async () => {
      while (this.#isTalking) {
        await this.say();
        await Bun.sleep(5);
      }
    })();
  }

  /** Resolves when the last message is acknowledged. */
  async hush(): Promise<void> {
    this.#isTalking = false;
    await this.#talking;
  }
}
