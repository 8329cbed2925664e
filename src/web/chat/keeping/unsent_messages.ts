import type { HubbubClient } from "../../../client/client.ts";
import type { Unsent } from "../../../client/posts.ts";
import type { Kept } from "./kept.ts";
import { Later } from "./later.ts";

/** Writing that less is unsent may wait: what goes twice is kept once. */
const SAVE_AFTER_MS = 200;
/** Where a tab finds, after a reload, what it was before. */
const TAB = "hubbub tab";

/**
 * Messages that are not known to be kept, by tab, for the next page of this account to send. Each
 * page has a lock for as long as it lives, so that others can tell whether its messages are theirs
 * to take. Should two take the same, the nonce sees to it that it is kept once.
 */
export class UnsentMessages {
  readonly #kept: Kept;
  readonly #id: string;
  readonly #released = Promise.withResolvers<void>();
  #stop = () => {};

  private constructor(kept: Kept, id: string) {
    this.#kept = kept;
    this.#id = id;
  }

  /** Takes over what pages left that live no more, this tab's own last one in any case. */
  static async open(kept: Kept): Promise<{ messages: UnsentMessages; unsent: Unsent[] }> {
    const messages = new UnsentMessages(kept, crypto.randomUUID());
    const { locks } = navigator;
    void locks?.request(lockOf(messages.#id), () => messages.#released.promise);
    const held = new Set((await locks?.query())?.held?.map(({ name }) => name));
    const before = sessionStorage.getItem(TAB);
    sessionStorage.setItem(TAB, messages.#id);
    const unsent: Unsent[] = [];
    for (const id of kept.keys()) {
      if (id !== before && held.has(lockOf(id))) continue;
      unsent.push(...parse(kept.get(id)));
      kept.remove(id);
    }
    // Nonces begin with the time.
    unsent.sort((one, other) => (one.nonce < other.nonce ? -1 : 1));
    messages.#save(unsent);
    return { messages, unsent };
  }

  /** Keeps what the client has not sent, from now on. */
  follow(client: HubbubClient): void {
    const later = new Later(SAVE_AFTER_MS, () => this.#save(client.unsent));
    let saved = client.unsent.length;
    const stop = client.on("pending", () => {
      const { unsent } = client;
      if (unsent.length > saved) this.#save(unsent);
      else later.ask();
      saved = unsent.length;
    });
    this.#stop = () => {
      stop();
      later.stop();
    };
  }

  /** Another page may take over what is left. */
  close(): void {
    this.#stop();
    this.#released.resolve();
  }

  #save(unsent: readonly Unsent[]): void {
    if (unsent.length === 0) this.#kept.remove(this.#id);
    else this.#kept.set(this.#id, JSON.stringify(unsent));
  }
}

function lockOf(id: string): string {
  return `${TAB} ${id}`;
}

function parse(text: string | undefined): Unsent[] {
  try {
    const list: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(list) ? list.filter(isUnsent) : [];
  } catch {
    return [];
  }
}

function isUnsent(value: unknown): value is Unsent {
  const { nonce, channelName, body } = (value ?? {}) as Partial<Record<keyof Unsent, unknown>>;
  return typeof nonce === "string" && typeof channelName === "string" && typeof body === "string";
}
