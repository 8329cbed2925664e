import type { HubbubClient } from "../../../client/client.ts";
import type { Membership } from "../../../client/memberships.ts";
import type { PendingMessage } from "../../../client/posts.ts";
import type { HistoryPage } from "../../../wire/gen/hubbub/v1/events_pb.ts";
import { type ChatMessage, MessageWindow, type Page, withoutText } from "./message_window.ts";
import { Load, type LoadState, readPage } from "./page_loads.ts";

/** Messages in one page of history: a few screens, so that there is time to read the next one. */
const PAGE_MESSAGES = 150;
/** What of them lies before the message that is gone to. */
const HALF_PAGE_MESSAGES = PAGE_MESSAGES / 2;

/** Where the view is to go, once what is there is loaded. */
export type Place =
  | { readonly at: "end" }
  | { readonly at: "message"; readonly seq: number; readonly why: "link" | "unread" | "start" };

interface Options {
  readonly client: Pick<HubbubClient, "history" | "on" | "pending">;
  readonly channel: Readonly<Membership>;
  readonly readUpTo: number;
  /** Whether the end of the channel is looked at, and followed. */
  readonly follows: () => boolean;
  /** Something is to be shown differently. */
  readonly changed: () => void;
  /** A message has just come, shown or not. */
  readonly onLive: (message: ChatMessage) => void;
  /** The numbers count anew: those known so far mean nothing. */
  readonly onReset: () => void;
}

/** An open channel: its messages in memory, what of them is being loaded, where reading stopped. */
export class Conversation {
  readonly window = new MessageWindow();
  readonly #options: Options;
  readonly #older: Load;
  readonly #newer: Load;
  readonly #jump: Load;
  readonly #stops: readonly (() => void)[];
  /** Messages that were deleted while pages were on their way, which may have been read before that. */
  readonly #deleted = new Set<number>();
  /** What the last jump was for, to be tried again. */
  #destination: () => void = () => {};
  #place: Place | undefined;
  #marker: number | undefined;
  #newestNonce: string | undefined;
  #missing: number | undefined;

  constructor(options: Options) {
    const { client, channel, changed, onLive } = options;
    this.#options = options;
    this.#older = new Load(changed);
    this.#newer = new Load(changed);
    this.#jump = new Load(changed);
    this.#newestNonce = this.pending.at(-1)?.nonce;
    this.#stops = [
      client.on("message", (message) => {
        if (message.channel !== channel.id) return;
        this.window.addLive(message, options.follows());
        onLive(message);
        changed();
      }),
      client.on("deleted", (id, seqs) => {
        if (id !== channel.id) return;
        this.#remember(seqs);
        if (this.window.delete(seqs)) changed();
      }),
      client.on("pending", (id) => {
        if (id === channel.id) this.#pendingChanged();
      }),
      client.on("gap", ({ channel: cut, to }) => {
        if (cut !== channel) return;
        // What is looked at stays; after it, history is read from where it begins now.
        this.window.know(to);
        changed();
      }),
      client.on("reset", (channels) => {
        if (channels.includes(channel)) this.#startAnew();
      }),
      client.on("state", (state) => {
        if (state === "online") this.retry();
      }),
    ];
  }

  /** Stops listening and loading. */
  close(): void {
    for (const stop of this.#stops) stop();
    for (const load of [this.#older, this.#newer, this.#jump]) load.drop();
  }

  /** Loading of what comes before the window, after it, and instead of it. */
  get loads(): { readonly older: LoadState; readonly newer: LoadState; readonly jump: LoadState } {
    return { older: this.#older.state, newer: this.#newer.state, jump: this.#jump.state };
  }

  /** Own messages that are not in the channel yet. */
  get pending(): readonly PendingMessage[] {
    const { client, channel } = this.#options;
    return client.pending(channel.id);
  }

  /** The last message that was read when others came; the mark for new ones stands after it. */
  get marker(): number | undefined {
    return this.#marker;
  }

  /** A message that was asked for and is not in the channel. */
  get missing(): number | undefined {
    return this.#missing;
  }

  /** Reading had stopped here when new messages came: the mark moves. */
  markAfter(seq: number): void {
    this.#marker = seq;
    this.#options.changed();
  }

  /** Where to go now, said once. */
  takePlace(): Place | undefined {
    const place = this.#place;
    this.#place = undefined;
    return place;
  }

  /** Shows the channel where reading stopped: at its end, or at the first message not read. */
  open(): void {
    const { channel, readUpTo } = this.#options;
    const head = Math.max(channel.head, this.window.head);
    if (readUpTo >= head) return this.goToEnd();
    this.#marker = readUpTo;
    this.#goAround(readUpTo + 1, "unread");
  }

  /** Shows a message, and what stands around it. */
  goTo(seq: number): void {
    this.#goAround(seq, "link");
  }

  /** Shows the channel's first message. */
  goToStart(): void {
    this.#goAround(1, "start");
  }

  /** Shows the newest messages, and follows those that come. */
  goToEnd(): void {
    this.#missing = undefined;
    if (this.window.reachesEnd || this.window.replaceByNewest(HALF_PAGE_MESSAGES)) {
      this.#arrive({ at: "end" });
      return;
    }
    this.#destination = () => this.goToEnd();
    this.#jump.begin(
      (isWanted) => this.#read({}, isWanted),
      (page) => {
        this.window.replace(this.#asItIsNow(page), page.more);
        this.#arrive({ at: "end" });
      },
    );
  }

  /** Reads the page before the window, unless there is none or it is on its way. */
  loadOlder(): void {
    const { window } = this;
    if (!window.isLoaded || window.reachesStart || !this.#mayBegin(this.#older)) return;
    const before = window.span.first;
    this.#older.begin(
      (isWanted) => this.#read({ before }, isWanted),
      (page) => window.addOlder(before, this.#asItIsNow(page), page.more),
    );
  }

  /** Reads the page after the window, unless there is none or it is on its way. */
  loadNewer(): void {
    const { window } = this;
    if (!window.isLoaded || window.reachesEnd || !this.#mayBegin(this.#newer)) return;
    this.#newer.begin(
      (isWanted) => this.#read({ after: window.span.last }, isWanted),
      (page) => window.addNewer(this.#asItIsNow(page)),
    );
  }

  /** Tries again what failed. */
  retry(): void {
    const { older, newer, jump } = this.loads;
    if (typeof older === "object") this.#older.drop();
    if (typeof newer === "object") this.#newer.drop();
    if (typeof jump === "object") this.#destination();
    this.#options.changed();
  }

  /** An error stays until somebody tries again; a jump brings another window. */
  #mayBegin(load: Load): boolean {
    return load.state === "idle" && this.#jump.state !== "loading";
  }

  #goAround(seq: number, why: "link" | "unread" | "start"): void {
    this.#missing = undefined;
    const { first, last } = this.window.shown;
    if (this.window.isLoaded && seq >= first && seq <= last) {
      this.#arrive({ at: "message", seq, why });
      return;
    }
    this.#destination = () => this.#goAround(seq, why);
    this.#jump.begin(
      (isWanted) =>
        Promise.all([
          this.#read({ before: seq + 1, limit: HALF_PAGE_MESSAGES }, isWanted),
          this.#read({ after: seq, limit: HALF_PAGE_MESSAGES }, isWanted),
        ]),
      ([before, after]) => {
        const { page, hasOlder } = joined(before, after);
        this.window.replace(this.#asItIsNow(page), hasOlder);
        const { first, last } = this.window.span;
        if ((seq > last || seq < first) && why === "link") this.#missing = seq;
        const there = Math.max(seq, first);
        // The mark for new ones is not lost with the last that was read.
        if (why === "unread") this.#marker = there - 1;
        this.#arrive(there > last ? { at: "end" } : { at: "message", seq: there, why });
      },
    );
  }

  #arrive(place: Place): void {
    for (const load of [this.#older, this.#newer, this.#jump]) load.drop();
    this.#place = place;
    this.#options.changed();
  }

  /** Who writes something wants to see it. */
  #pendingChanged(): void {
    const newest = this.pending.at(-1);
    const isAnother = newest !== undefined && newest.nonce !== this.#newestNonce;
    if (newest !== undefined) this.#newestNonce = newest.nonce;
    if (isAnother && newest.state !== "failed") this.goToEnd();
    this.#options.changed();
  }

  #startAnew(): void {
    this.#marker = undefined;
    this.#deleted.clear();
    this.window.clear();
    this.#options.onReset();
    this.goToEnd();
  }

  #remember(deleted: readonly number[]): void {
    const isLoading = Object.values(this.loads).includes("loading");
    if (!isLoading) this.#deleted.clear();
    else for (const seq of deleted) this.#deleted.add(seq);
  }

  /** A page without the texts that were deleted after it was read. */
  #asItIsNow(page: Page): Page {
    if (this.#deleted.size === 0) return page;
    const messages = page.messages.map((message) =>
      this.#deleted.has(message.seq) ? withoutText(message) : message,
    );
    return { ...page, messages };
  }

  #read(
    from: { readonly before?: number; readonly after?: number; readonly limit?: number },
    isWanted: () => boolean,
  ) {
    const { client, channel } = this.#options;
    const request = { channel: channel.id, limit: PAGE_MESSAGES, ...from };
    return readPage(client, request, isWanted);
  }
}

/** Two pages that meet, as one, and whether there is more before it. Messages may have gone between them. */
function joined(before: HistoryPage, after: HistoryPage) {
  const { head, first } = after;
  const kept = before.messages.filter(({ seq }) => seq >= first);
  const hasOlder = before.more && kept.length === before.messages.length;
  return { page: { messages: [...kept, ...after.messages], head, first }, hasOlder };
}
