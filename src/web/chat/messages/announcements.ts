import type { ChatMessage } from "./message_window.ts";

/** What comes within this time is announced together... */
const GATHER_MS = 1500;
/** ...and nothing for this long after, so that a busy channel lets a listener hear something else. */
const PAUSE_MS = 6000;
/** More of a text than this is not read out. */
const MAX_READ_UNITS = 240;
const MAX_NAMES = 3;

/** What is said of messages that came: one is read out, of several who wrote how many. */
export function announcementOf(messages: readonly ChatMessage[], count = messages.length): string {
  const [only] = messages;
  if (!only) return "";
  if (count === 1) {
    const { author, body } = only;
    return `${author}: ${body.length > MAX_READ_UNITS ? `${body.slice(0, MAX_READ_UNITS)}…` : body}`;
  }
  const names = [...new Set(messages.map(({ author }) => author))];
  const shown = names.slice(0, MAX_NAMES).join(", ");
  return `${count} new messages from ${shown}${names.length > MAX_NAMES ? " and others" : ""}`;
}

/** Tells those who listen to the page of new messages, however many come, every few seconds. */
export class Announcer {
  readonly #say: (text: string) => void;
  /** A sample is enough to name authors. */
  #messages: ChatMessage[] = [];
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #quietUntilMs = 0;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** Hot: once a message. */
  add(message: ChatMessage): void {
    this.#count++;
    if (this.#messages.length < 20) this.#messages.push(message);
    if (this.#timer !== undefined) return;
    const waitMs = Math.max(GATHER_MS, this.#quietUntilMs - performance.now());
    this.#timer = setTimeout(() => this.#tell(), waitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #tell(): void {
    const text = announcementOf(this.#messages, this.#count);
    this.#messages = [];
    this.#count = 0;
    this.#timer = undefined;
    this.#quietUntilMs = performance.now() + PAUSE_MS;
    this.#say(text);
  }
}
