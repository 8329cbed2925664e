import { type ReadonlySignal, signal } from "@preact/signals";
import type { CookieSignIn } from "../../client/cookie_sign_in.ts";
import { asHubbubError } from "../../client/errors.ts";
import type { Access } from "../../client/sign_in.ts";
import { Line, type LineState } from "./line.ts";
import { Pings } from "./pings.ts";
import { Timeline } from "./timeline.ts";

/** What is shown: how far back, and by rows of which step. */
export interface Range {
  readonly label: string;
  readonly spanMs: number;
  readonly stepSeconds: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export const ranges = [
  { label: "5 minutes", spanMs: 5 * MINUTE_MS, stepSeconds: 1 },
  { label: "1 hour", spanMs: HOUR_MS, stepSeconds: 10 },
  { label: "6 hours", spanMs: 6 * HOUR_MS, stepSeconds: 60 },
  { label: "24 hours", spanMs: 24 * HOUR_MS, stepSeconds: 60 },
] as const satisfies readonly Range[];

/** As many rows of each step as the server keeps: this page keeps no more, however long it is open. */
const capacities: ReadonlyMap<number, number> = new Map([
  [1, 600],
  [10, 1080],
  [60, 1440],
]);

const TICK_MS = 1000;
/** Pings without an answer yet, at most: a server that stands still is not buried in them. */
const MOST_PINGS = 30;
/** An account that may not see the figures is asked for again so often: the role may be given. */
const ASK_AGAIN_MS = 3000;

/**
 * What the page knows of the server, and how: each second it pings, and asks for the newest rows, as
 * long as somebody looks at it. In a hidden tab it does neither, and catches up afterwards.
 */
export class Watch {
  readonly user: Access["user"];
  readonly pings = new Pings();
  readonly #line: Line;
  readonly #timelines = new Map(
    [...capacities].map(([step, rows]) => [step, new Timeline(step, rows)] as const),
  );
  readonly #state = signal<LineState>({ kind: "connecting" });
  readonly #mayRead = signal<boolean | undefined>(undefined);
  readonly #range = signal<Range>(ranges[0]);
  readonly #changes = signal(0);
  readonly #reading = new Set<number>();
  readonly #listening = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #pingsUnderWay = 0;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  /** By how much the server's clock is ahead of `performance.now`. */
  #serverAheadMs = 0;

  constructor(user: Access["user"], credentials: CookieSignIn) {
    this.user = user;
    this.#line = new Line({
      credentials,
      onState: (state) => {
        this.#state.value = state;
      },
      onWelcome: ({ bootId, timeMs }) => {
        this.#serverAheadMs = timeMs - performance.now();
        for (const timeline of this.#timelines.values()) timeline.serverIs(bootId);
        this.#tick();
      },
    });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    const options = { signal: this.#listening.signal };
    document.addEventListener("visibilitychange", () => this.#tick(), options);
    window.addEventListener("online", () => this.#line.tryNow(), options);
  }

  get state(): ReadonlySignal<LineState> {
    return this.#state;
  }

  /** Whether the account's role allows it; undefined until the server has said. */
  get mayRead(): ReadonlySignal<boolean | undefined> {
    return this.#mayRead;
  }

  get range(): ReadonlySignal<Range> {
    return this.#range;
  }

  /** Goes up with each second and whatever is told in between: what is read here may be another. */
  get changes(): ReadonlySignal<number> {
    return this.#changes;
  }

  /** The last ten minutes by the second. */
  get seconds(): Timeline {
    return this.timelineOf(1);
  }

  timelineOf(stepSeconds: number): Timeline {
    const timeline = this.#timelines.get(stepSeconds);
    if (timeline === undefined) throw new Error(`monitor/watch: no step of ${stepSeconds} s`);
    return timeline;
  }

  /** The server's time of now, as far as is known. */
  get nowMs(): number {
    return performance.now() + this.#serverAheadMs;
  }

  show(range: Range): void {
    this.#range.value = range;
    this.#tick();
  }

  tryNow(): void {
    this.#line.tryNow();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listening.abort();
    this.#line.close();
  }

  #tick(): void {
    if (document.hidden) return;
    this.#changes.value += 1;
    if (!this.#line.isReady) return;
    const isAllowed = this.#mayRead.value !== false;
    if (!isAllowed && performance.now() - this.#askedAtMs < ASK_AGAIN_MS) return;
    this.#askedAtMs = performance.now();
    if (isAllowed) void this.#ping();
    void this.#read(1);
    const { stepSeconds } = this.#range.value;
    if (stepSeconds !== 1 && this.#isDue(stepSeconds)) void this.#read(stepSeconds);
  }

  /** A coarse row is asked for when there must be one. */
  #isDue(stepSeconds: number): boolean {
    const newestMs = this.timelineOf(stepSeconds).timesMs.at(-1) ?? 0;
    return this.nowMs - newestMs > stepSeconds * 1000;
  }

  async #ping(): Promise<void> {
    if (this.#pingsUnderWay >= MOST_PINGS) return;
    this.#pingsUnderWay += 1;
    const sentAtMs = performance.now();
    try {
      const { timeMs } = await this.#line.request("ping", {});
      this.pings.add(timeMs, performance.now() - sentAtMs);
      this.#serverAheadMs = timeMs - performance.now();
    } catch {
      // What became of the connection, its state tells; a refusal, the chart of refusals.
    } finally {
      this.#pingsUnderWay -= 1;
    }
  }

  async #read(stepSeconds: number): Promise<void> {
    if (this.#reading.has(stepSeconds)) return;
    this.#reading.add(stepSeconds);
    const timeline = this.timelineOf(stepSeconds);
    try {
      for (let more = true; more; ) {
        const { after } = timeline;
        const page = await this.#line.request("readFigures", { stepSeconds, after });
        // The server may have been started again in between.
        if (timeline.after === after) timeline.append(page);
        more = page.more;
        this.#mayRead.value = true;
      }
      this.#changes.value += 1;
    } catch (thrown) {
      const { code } = asHubbubError(thrown);
      if (code === "FORBIDDEN") this.#mayRead.value = false;
      else if (code === "CURSOR_AHEAD") timeline.after = 0;
    } finally {
      this.#reading.delete(stepSeconds);
    }
  }
}
