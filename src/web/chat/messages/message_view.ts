import { signal } from "@preact/signals";
import type { HubbubClient } from "../../../client/client.ts";
import type { Membership } from "../../../client/memberships.ts";
import { Announcer } from "./announcements.ts";
import { Conversation, type Place } from "./conversation.ts";
import type { Span } from "./heights.ts";
import { type Frames, Pacer } from "./pacer.ts";
import { type Elements, Viewport } from "./viewport.ts";

interface Options {
  readonly client: HubbubClient;
  readonly channel: Readonly<Membership>;
  readonly me: { readonly id: number };
  readonly readUpTo: number;
  readonly onRead: (seq: number) => void;
}

const frames: Frames = {
  next(call) {
    const frame = requestAnimationFrame(call);
    return () => cancelAnimationFrame(frame);
  },
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  nowMs: () => performance.now(),
};

/** Pages are read when less than so many screens of the window are left. */
const SCREENS_AHEAD = 3;

/** An open channel in the page: joins what is in memory, what is seen of it, and when it is rendered. */
export class MessageView {
  readonly conversation: Conversation;
  readonly viewport: Viewport;
  /** Changes when the pane is to be rendered. */
  readonly frame = signal(0);
  /** What a screen reader is told. */
  readonly announcement = signal("");
  readonly #options: Options;
  readonly #pacer: Pacer;
  readonly #announcer: Announcer;
  readonly #expanded = new Set<number>();
  /** The newest message that was seen. */
  #seen: number;
  #read = 0;
  #current: number | undefined;
  #target: number | undefined;
  #focus: number | undefined;
  #scroller: HTMLElement | undefined;
  /** Something in it had the focus before the rendering, which may have taken that out of the page. */
  #hadFocus = false;
  /** The newest message when the page was hidden. */
  #hiddenAt: number | undefined;

  constructor(options: Options) {
    this.#options = options;
    this.#seen = options.readUpTo;
    this.#pacer = new Pacer(frames, () => this.render());
    this.#announcer = new Announcer((text) => {
      this.announcement.value = text;
    });
    this.conversation = new Conversation({
      ...options,
      follows: () => this.viewport.follows,
      changed: () => this.#pacer.request(),
      onLive: (message) => {
        if (message.authorId !== options.me.id && isVisible()) this.#announcer.add(message);
      },
      onReset: () => this.#forget(),
    });
    this.viewport = new Viewport({
      window: this.conversation.window,
      render: () => this.render(),
      moved: () => this.#moved(),
    });
  }

  /** Begins in these elements, and shows a message or where reading stopped. Returns what ends it. */
  attach(elements: Elements, goTo: number | undefined): () => void {
    const detach = this.viewport.attach(elements);
    this.#scroller = elements.scroller;
    const onVisibility = () => this.#visibilityChanged();
    document.addEventListener("visibilitychange", onVisibility);
    if (goTo === undefined) this.conversation.open();
    else this.goTo(goTo);
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      detach();
      this.conversation.close();
      this.#pacer.stop();
      this.#announcer.stop();
    };
  }

  /** Renders at once, without waiting for the next frame. */
  render(): void {
    this.frame.value++;
  }

  /** The rows to render now; to be asked while rendering. */
  rows(): Span {
    const place = this.conversation.takePlace();
    if (place) this.#put(place);
    this.#hadFocus = this.#scroller?.contains(document.activeElement) ?? false;
    return this.viewport.rows();
  }

  /** The rendered rows are in the page. */
  settled(rows: Element): void {
    this.viewport.settle();
    const row = rows.querySelector<HTMLElement>(`[data-seq="${this.#focus}"]`);
    if (row) {
      this.#focus = undefined;
      row.focus({ preventScroll: true });
    } else if (this.#hadFocus && !this.#scroller?.contains(document.activeElement)) {
      this.#scroller?.focus({ preventScroll: true });
    }
  }

  /** The message that the address leads to. */
  get target(): number | undefined {
    return this.#target;
  }

  /** The message that the keyboard is at. */
  get current(): number | undefined {
    return this.#current;
  }

  /** Messages that have come and were not seen yet, because they are below. */
  get unseen(): number {
    return Math.max(0, this.conversation.window.head - this.#seen);
  }

  isExpanded(seq: number): boolean {
    return this.#expanded.has(seq);
  }

  readonly toggle = (seq: number): void => {
    if (!this.#expanded.delete(seq)) this.#expanded.add(seq);
    this.render();
  };

  /** Shows a message, marks it, and goes on from it with the keyboard; or goes to the end. */
  goTo(seq: number | undefined): void {
    this.#target = seq;
    if (seq === undefined) this.conversation.goToEnd();
    else this.conversation.goTo(seq);
  }

  /** Moves the keyboard from message to message; from none, to the last one that is seen. */
  step(by: 1 | -1): void {
    const { shown } = this.conversation.window;
    const { first, last } = this.viewport.seen;
    const isSeen = this.#current !== undefined && this.#current >= first && this.#current <= last;
    const next = isSeen ? (this.#current as number) + by : by < 0 ? last : first;
    if (next < shown.first || next > shown.last) return;
    this.focus(next);
    this.viewport.reveal(next);
    this.render();
  }

  /** The keyboard is at this message. */
  focus(seq: number): void {
    this.#current = seq;
    this.#focus = seq;
  }

  /** A row was given the focus by other means than `step`. */
  focused(seq: number): void {
    if (this.#current === seq) return;
    this.#current = seq;
    this.render();
  }

  #put(place: Place): void {
    const { viewport } = this;
    if (place.at === "end") return viewport.follow();
    const { seq, why } = place;
    const { first, last } = viewport.seen;
    if (why === "link" && seq > first && seq < last) viewport.keep(seq);
    else if (why === "start") viewport.putAt(seq, viewport.heightPx);
    else viewport.putAt(seq, Math.round(viewport.heightPx / (why === "link" ? 3 : 4)));
    if (why !== "unread") this.focus(seq);
  }

  #moved(): void {
    const { conversation, viewport } = this;
    if (!conversation.window.isLoaded) return;
    const aheadPx = SCREENS_AHEAD * viewport.heightPx;
    const { abovePx, belowPx } = viewport.beyond;
    if (abovePx < aheadPx) conversation.loadOlder();
    if (belowPx < aheadPx) conversation.loadNewer();
    this.#noteRead();
  }

  #noteRead(): void {
    if (!isVisible()) return;
    const { viewport, conversation } = this;
    const { last } = viewport.follows ? conversation.window.span : viewport.seen;
    if (last > this.#seen) {
      this.#seen = last;
      this.#pacer.request();
    }
    if (!viewport.follows || last <= this.#read) return;
    this.#read = last;
    this.#options.onRead(last);
  }

  #forget(): void {
    this.#seen = 0;
    this.#read = 0;
    this.#current = undefined;
    this.#target = undefined;
    this.#focus = undefined;
    this.#hiddenAt = undefined;
    this.#expanded.clear();
  }

  #visibilityChanged(): void {
    const { window } = this.conversation;
    if (!isVisible()) {
      this.#hiddenAt = this.viewport.follows ? window.span.last : undefined;
    } else {
      const hiddenAt = this.#hiddenAt;
      if (hiddenAt !== undefined && window.head > hiddenAt) this.conversation.markAfter(hiddenAt);
      this.#pacer.request();
    }
  }
}

function isVisible(): boolean {
  return document.visibilityState === "visible";
}
