import { Heights, type Span } from "./heights.ts";
import type { MessageWindow } from "./message_window.ts";

/** The parts of the page that a viewport reads and sets. */
export interface Elements {
  /** What scrolls. Its own scroll anchoring is switched off (`overflow-anchor: none`). */
  readonly scroller: HTMLElement;
  /** Stands for the rows above those in `rows`. */
  readonly above: HTMLElement;
  /** One child a row, without margins. */
  readonly rows: HTMLElement;
  /** Stands for the rows below. */
  readonly below: HTMLElement;
}

interface Options {
  readonly window: MessageWindow;
  /** Other rows are to be rendered, at once. */
  readonly render: () => void;
  /** The view has moved, or what it shows has changed. */
  readonly moved: () => void;
}

/** Rows are in the page this far above and below what is seen... */
const AHEAD_PX = 1200;
/** ...and others are rendered when less than this is left. */
const LEAST_AHEAD_PX = 500;
/** Closer to the end than this counts as at the end. */
const AT_END_PX = 2;

/**
 * What is seen of the messages. It holds on to something while the page changes: to the end, which
 * it then follows, or to the first row in it, which stays where it is to the pixel whatever is
 * added, measured or dropped above it.
 *
 * Browsers can do that too (`overflow-anchor`), but not all, and not when what they hold on to is
 * replaced by the height it had.
 */
export class Viewport {
  readonly heights = new Heights();
  readonly #options: Options;
  #elements: Elements | undefined;
  #observer: ResizeObserver | undefined;
  #follows = true;
  /** The row that is held on to, and how far below the top edge it begins. */
  #anchor = { seq: 0, offsetPx: 0 };
  #rendered: Span = { first: 1, last: 0 };
  #heightPx = 0;
  /** Where the view was put; the person at the page moves it when it is elsewhere. */
  #topPx = 0;
  /** How high all that scrolls was then, and what is seen of it. */
  #laidOut = "";
  #contentTopPx = 0;
  /** The view was sent somewhere, and what is there is not measured yet. */
  #isArriving = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Whether it holds on to the end of the channel. */
  get follows(): boolean {
    return this.#follows && this.#options.window.reachesEnd;
  }

  /** How much there is of the window above and below what is seen, in px. */
  get beyond(): { readonly abovePx: number; readonly belowPx: number } {
    const topPx = this.#viewTopPx();
    return { abovePx: topPx, belowPx: this.heights.totalPx - topPx - this.#heightPx };
  }

  /** The height of what is seen. */
  get heightPx(): number {
    return this.#heightPx;
  }

  /** The rows that are seen, at least in part. */
  get seen(): Span {
    const topPx = this.#viewTopPx();
    return this.heights.between(topPx, topPx + this.#heightPx - 1);
  }

  /** From now on in these elements, until the function returned is called. */
  attach(elements: Elements): () => void {
    const { scroller, rows } = elements;
    this.#elements = elements;
    this.#heightPx = scroller.clientHeight;
    this.#observer = new ResizeObserver(() => {
      this.#heightPx = scroller.clientHeight;
      this.settle();
    });
    this.#observer.observe(scroller);
    this.#observer.observe(rows);
    const onScroll = () => this.#scrolled();
    scroller.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      scroller.removeEventListener("scroll", onScroll);
      this.#observer?.disconnect();
      this.#elements = undefined;
    };
  }

  /** Goes to the end, and stays there. */
  follow(): void {
    this.#noticeMove();
    this.#follows = true;
    this.#isArriving = false;
  }

  /** Puts a message this far below the top edge; nearer where there is too little above or below. */
  putAt(seq: number, offsetPx: number): void {
    this.#noticeMove();
    this.#follows = false;
    this.#anchor = { seq, offsetPx };
    this.#isArriving = true;
  }

  /** Keeps a message where it is, whatever comes. */
  keep(seq: number): void {
    this.putAt(seq, this.heights.topOf(seq) - this.#viewTopPx());
  }

  /** Moves by as little as brings a whole row into view. */
  reveal(seq: number): void {
    const topPx = this.heights.topOf(seq);
    const bottomPx = this.heights.topOf(seq + 1);
    const viewTopPx = this.#viewTopPx();
    if (topPx < viewTopPx) this.putAt(seq, 0);
    else if (bottomPx > viewTopPx + this.#heightPx) {
      this.putAt(seq, Math.max(0, this.#heightPx - (bottomPx - topPx)));
    }
  }

  /** The rows to render now. */
  rows(): Span {
    this.#noticeMove();
    const { shown } = this.#options.window;
    this.heights.cover(shown);
    const kept = intersection(this.#rendered, shown);
    this.#rendered = includes(kept, this.#around(LEAST_AHEAD_PX)) ? kept : this.#around(AHEAD_PX);
    return this.#rendered;
  }

  /** To be called when the rows are in the page, before it is painted: measures them, and holds on. */
  settle(): void {
    if (!this.#elements) return;
    const { scroller, above, rows, below } = this.#elements;
    const { first, last } = this.#rendered;
    this.#noticeMove();
    let seq = first;
    for (const row of rows.children) {
      this.heights.measured(seq++, row.getBoundingClientRect().height);
    }
    setHeight(above, this.heights.topOf(first));
    setHeight(below, this.heights.totalPx - this.heights.topOf(last + 1));
    const scrollerTopPx = scroller.getBoundingClientRect().top;
    this.#contentTopPx = above.getBoundingClientRect().top - scrollerTopPx + scroller.scrollTop;
    this.#hold(scroller);
    if (!includes(this.#rendered, this.#around(LEAST_AHEAD_PX))) this.#options.render();
    else if (this.#isArriving) {
      this.#isArriving = false;
      this.#follows = this.#isAtEnd(scroller);
      this.#options.render();
    }
    this.#options.moved();
  }

  #hold(scroller: HTMLElement): void {
    const wantedPx = this.#follows
      ? scroller.scrollHeight - scroller.clientHeight
      : this.#contentTopPx + this.heights.topOf(this.#anchor.seq) - this.#anchor.offsetPx;
    if (Math.abs(scroller.scrollTop - wantedPx) >= 0.5) scroller.scrollTop = wantedPx;
    this.#topPx = scroller.scrollTop;
    this.#laidOut = layoutOf(scroller);
    // There is too little above or below: it holds on to what is where it could get to.
    if (Math.abs(this.#topPx - wantedPx) >= 1 && !this.#isArriving) this.#holdOnToTop();
  }

  #scrolled(): void {
    const didFollow = this.#follows;
    if (!this.#noticeMove()) return;
    const isReady = includes(this.#rendered, this.#around(LEAST_AHEAD_PX));
    if (!isReady || this.#follows !== didFollow) this.#options.render();
    this.#options.moved();
  }

  /**
   * Follows where the person at the page has scrolled to; returns whether that is elsewhere. Asked before
   * the view is put anywhere, for the event may be still to come.
   */
  #noticeMove(): boolean {
    if (!this.#elements) return false;
    const { scroller } = this.#elements;
    const topPx = scroller.scrollTop;
    const movedPx = topPx - this.#topPx;
    // Where the page itself has changed, that has moved the view; `settle` puts it back.
    if (Math.abs(movedPx) < 0.5 || layoutOf(scroller) !== this.#laidOut) return false;
    this.#topPx = topPx;
    this.#isArriving = false;
    // By direction, not by distance: the first small step up must not be taken back.
    this.#follows = movedPx > 0 && (this.#follows || this.#isAtEnd(scroller));
    this.#holdOnToTop();
    return true;
  }

  #isAtEnd({ scrollTop, scrollHeight, clientHeight }: HTMLElement): boolean {
    const leftPx = scrollHeight - clientHeight - scrollTop;
    return leftPx <= AT_END_PX && this.#options.window.reachesEnd;
  }

  /**
   * The row at the top edge is the one to hold on to. Where that is not in the page yet, because one
   * scrolled further than was ready: the first one that is, for only its height is no guess.
   */
  #holdOnToTop(): void {
    const topPx = this.#topPx - this.#contentTopPx;
    const { first } = this.#rendered;
    const isFirstSeen = this.heights.topOf(first) < topPx + this.#heightPx;
    const seq = isFirstSeen ? Math.max(first, this.heights.at(topPx)) : this.heights.at(topPx);
    this.#anchor = { seq, offsetPx: this.heights.topOf(seq) - topPx };
  }

  /** Where the top edge is, from the top of the rows; as it will be once the page has been laid out. */
  #viewTopPx(): number {
    if (this.#follows) return this.heights.totalPx - this.#heightPx;
    const { seq, offsetPx } = this.#anchor;
    return this.heights.topOf(seq) - offsetPx;
  }

  #around(aheadPx: number): Span {
    const topPx = this.#viewTopPx();
    return this.heights.between(topPx - aheadPx, topPx + this.#heightPx + aheadPx);
  }
}

function layoutOf({ scrollHeight, clientHeight }: HTMLElement): string {
  return `${scrollHeight}/${clientHeight}`;
}

function setHeight({ style }: HTMLElement, px: number): void {
  const height = `${px}px`;
  if (style.height !== height) style.height = height;
}

function includes(outer: Span, inner: Span): boolean {
  return inner.first > inner.last || (outer.first <= inner.first && outer.last >= inner.last);
}

function intersection(one: Span, other: Span): Span {
  return { first: Math.max(one.first, other.first), last: Math.min(one.last, other.last) };
}
