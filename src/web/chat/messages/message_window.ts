import type { Message } from "../../../wire/gen/hubbub/v1/events_pb.ts";
import type { Span } from "./heights.ts";

/** What is shown of a message. */
export type ChatMessage = Readonly<
  Pick<Message, "seq" | "authorId" | "author" | "timeMs" | "body"> &
    Partial<Pick<Message, "deleted">>
>;

/** A page of history, in ascending order and without a gap. */
export interface Page {
  readonly messages: readonly ChatMessage[];
  /** The channel's newest number when it was read. */
  readonly head: number;
  /** The oldest number that was kept then; 0 or nothing where nobody says. */
  readonly first?: number;
}

interface Bounds {
  /** The most messages kept. More than a page, or a page could push out what is looked at. */
  readonly messages: number;
  /** The most of the newest messages kept beside the window while it ends before them. */
  readonly newest: number;
}

const usual: Bounds = { messages: 1000, newest: 400 };

/** A message as it is when it has been deleted. */
export function withoutText(message: ChatMessage): ChatMessage {
  return { ...message, body: "", deleted: true };
}

/**
 * The messages of a channel that are in memory: an unbroken run of them, which slides over the
 * channel as one scrolls. However long the channel is and however fast it grows, the run is bounded:
 * what is added at one end makes the other end go, to be read again from history.
 *
 * Where the run does not reach the channel's head, the newest messages are kept beside it, so that
 * pages read from history, each a little late, meet them in the end.
 */
export class MessageWindow {
  readonly #bounds: Bounds;
  #run: ChatMessage[] = [];
  /** The run's last number; where the run is empty, the number that it would go on after. */
  #last = 0;
  #newest: ChatMessage[] = [];
  #head = 0;
  #isLoaded = false;
  #reachesStart = false;

  constructor(bounds: Bounds = usual) {
    this.#bounds = bounds;
  }

  /** Whether a page has come: until then nothing is known but what arrived live. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** The numbers of the run; empty, as `first` after `last`, where it holds none. */
  get span(): Span {
    return { first: this.#last - this.#run.length + 1, last: this.#last };
  }

  /**
   * The part of the run that is shown. The oldest message is there for the next one to be grouped
   * under: were it shown, the page that comes before it would change how it looks, and so move
   * what stands below. It is shown where none can come.
   */
  get shown(): Span {
    const { first, last } = this.span;
    return { first: this.#reachesStart ? first : Math.min(first + 1, last + 1), last };
  }

  /** The channel's newest number, as far as is known. */
  get head(): number {
    return this.#head;
  }

  /** No message is older than the run. */
  get reachesStart(): boolean {
    return this.#reachesStart;
  }

  /** No message is newer than the run. */
  get reachesEnd(): boolean {
    return this.#isLoaded && this.#last >= this.#head;
  }

  /** A message of the run. */
  get(seq: number): ChatMessage | undefined {
    return this.#run[seq - this.span.first];
  }

  /** Forgets all: the numbers count anew. */
  clear(): void {
    this.#run = [];
    this.#newest = [];
    this.#last = 0;
    this.#head = 0;
    this.#isLoaded = false;
    this.#reachesStart = false;
  }

  /** Goes on from this page alone. `hasOlder`: there are messages before it. */
  replace({ messages, head, first = 0 }: Page, hasOlder: boolean): void {
    this.#run = [...messages];
    // Without a message there is none, or none is kept any more.
    this.#last = messages.at(-1)?.seq ?? (hasOlder ? head : Math.max(0, first - 1));
    this.#reachesStart = !hasOlder;
    this.#isLoaded = true;
    this.know(head);
    this.#meetNewest();
    this.#dropOldest();
  }

  /** Goes on from the newest messages that are kept, if there are at least so many. */
  replaceByNewest(atLeast: number): boolean {
    if (!this.#isLoaded || this.#newest.length < atLeast) return false;
    this.#run = this.#newest;
    this.#newest = [];
    this.#last = this.#run.at(-1)?.seq ?? 0;
    this.#reachesStart = this.#run[0]?.seq === 1;
    return true;
  }

  /**
   * Adds the page that was asked for before this number, unless the window has moved on meanwhile.
   * `hasOlder` as in `replace`.
   */
  addOlder(before: number, { messages, head }: Page, hasOlder: boolean): void {
    this.know(head);
    if (before !== this.span.first) return;
    this.#run = [...messages, ...this.#run];
    if (!hasOlder) this.#reachesStart = true;
    const excess = this.#run.length - this.#bounds.messages;
    if (excess <= 0) return;
    this.#run.length -= excess;
    this.#last -= excess;
  }

  /** Adds a page that was asked for after the run's last message; what came live meanwhile counts. */
  addNewer({ messages, head, first = 0 }: Page): void {
    this.know(head);
    // What would have been next is kept no more: it goes on where history begins now.
    if (first > this.#last + 1) return this.replace({ messages, head, first }, false);
    const newer = messages.filter(({ seq }) => seq > this.#last);
    if (newer.length > 0 && newer[0]?.seq !== this.#last + 1) return;
    this.#append(newer);
    this.#meetNewest();
    this.#dropOldest();
  }

  /**
   * Takes a message that has just come.
   *
   * @param follows whether the end is looked at: then a full window lets its oldest messages go.
   * Otherwise it stays as it is, and ends before the newest.
   */
  addLive(message: ChatMessage, follows: boolean): void {
    this.know(message.seq);
    if (this.#isLoaded && message.seq <= this.#last) return;
    const isNext = this.#isLoaded && message.seq === this.#last + 1;
    if (isNext && (follows || this.#run.length < this.#bounds.messages)) {
      this.#append([message]);
      this.#dropOldest();
    } else {
      this.#keepNewest(message);
    }
  }

  /** The texts of these messages are gone; returns whether any of them is kept here. */
  delete(seqs: readonly number[]): boolean {
    const isIt = (seq: number) => seqs.includes(seq);
    const without = (message: ChatMessage) => (isIt(message.seq) ? withoutText(message) : message);
    const isKept = [...this.#run, ...this.#newest].some(({ seq }) => isIt(seq));
    if (isKept) {
      this.#run = this.#run.map(without);
      this.#newest = this.#newest.map(without);
    }
    return isKept;
  }

  /** The channel has messages, or had, up to this number. */
  know(head: number): void {
    this.#head = Math.max(this.#head, head);
  }

  #append(messages: readonly ChatMessage[]): void {
    for (const message of messages) this.#run.push(message);
    this.#last += messages.length;
  }

  #keepNewest(message: ChatMessage): void {
    const before = this.#newest.at(-1);
    if (before && message.seq <= before.seq) return;
    if (before && message.seq !== before.seq + 1) this.#newest = [];
    this.#newest.push(message);
    // Twice as many are let stand, so that not each message moves all of them.
    const { newest } = this.#bounds;
    if (this.#newest.length >= 2 * newest) this.#newest = this.#newest.slice(-newest);
  }

  /** Where the run has come as far as what is kept of the newest, it goes on with that. */
  #meetNewest(): void {
    const [oldest] = this.#newest;
    if (!oldest || oldest.seq > this.#last + 1) return;
    this.#append(this.#newest.filter(({ seq }) => seq > this.#last));
    this.#newest = [];
  }

  #dropOldest(): void {
    const { messages } = this.#bounds;
    // A tenth more is let stand, so that not each message moves all of them.
    if (this.#run.length <= messages * 1.1) return;
    this.#run = this.#run.slice(-messages);
    this.#reachesStart = false;
  }
}
