import { type ReadonlySignal, signal } from "@preact/signals";
import type { Kept } from "./kept.ts";
import { Later } from "./later.ts";

/** Reading goes on with every message that scrolls by. */
const SAVE_AFTER_MS = 500;

/**
 * Up to which message each channel was read, for all tabs of this browser. What is seen for the first
 * time counts as read up to where it stands.
 *
 * @param kept a place for the log that the numbers belong to.
 */
export class Reading {
  readonly #kept: Kept;
  readonly #marks = new Map<number, number>();
  readonly #version = signal(0);
  readonly #changed = new Set<number>();
  readonly #saving = new Later(SAVE_AFTER_MS, () => this.#save());
  readonly #stopListening: () => void;

  constructor(kept: Kept) {
    this.#kept = kept;
    this.#stopListening = kept.onChange((key, value) => {
      if (value !== undefined) this.#set(Number(key), Number(value));
    });
  }

  /** Changes whenever a mark does. */
  get version(): ReadonlySignal<number> {
    return this.#version;
  }

  /** @param head the channel's newest number. */
  upTo(channel: number, head: number): number {
    const known = this.#marks.get(channel) ?? parse(this.#kept.get(String(channel)));
    const upTo = Math.min(known ?? head, head);
    if (!this.#marks.has(channel)) this.#marks.set(channel, upTo);
    if (known === undefined) {
      this.#changed.add(channel);
      this.#saving.ask();
    }
    return upTo;
  }

  /** The message was shown. */
  read(channel: number, seq: number): void {
    if (!this.#set(channel, seq)) return;
    this.#changed.add(channel);
    this.#saving.ask();
  }

  close(): void {
    this.#saving.stop();
    this.#stopListening();
  }

  #set(channel: number, seq: number): boolean {
    if (!(seq > (this.#marks.get(channel) ?? 0))) return false;
    this.#marks.set(channel, seq);
    this.#version.value += 1;
    return true;
  }

  #save(): void {
    for (const channel of this.#changed) {
      const mark = this.#marks.get(channel) ?? 0;
      // Another tab may have read on.
      const kept = parse(this.#kept.get(String(channel))) ?? -1;
      if (mark > kept) this.#kept.set(String(channel), String(mark));
    }
    this.#changed.clear();
  }
}

function parse(text: string | undefined): number | undefined {
  const mark = Number(text ?? Number.NaN);
  return Number.isInteger(mark) && mark >= 0 ? mark : undefined;
}
