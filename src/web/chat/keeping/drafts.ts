import { nameKey } from "../../../wire/names.ts";
import type { Kept } from "./kept.ts";
import { Later } from "./later.ts";

const SAVE_AFTER_MS = 200;

/** What was begun to be written, by channel. */
export class Drafts {
  readonly #kept: Kept;
  readonly #texts = new Map<string, string>();
  readonly #changed = new Set<string>();
  readonly #saving = new Later(SAVE_AFTER_MS, () => this.#save());

  constructor(kept: Kept) {
    this.#kept = kept;
  }

  of(channelName: string): string {
    const key = nameKey(channelName);
    return this.#texts.get(key) ?? this.#kept.get(key) ?? "";
  }

  set(channelName: string, text: string): void {
    const key = nameKey(channelName);
    this.#texts.set(key, text);
    this.#changed.add(key);
    this.#saving.ask();
  }

  close(): void {
    this.#saving.stop();
  }

  #save(): void {
    for (const key of this.#changed) {
      const text = this.#texts.get(key) ?? "";
      if (text === "") this.#kept.remove(key);
      else this.#kept.set(key, text);
    }
    this.#changed.clear();
  }
}
