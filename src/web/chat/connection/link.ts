import { type ReadonlySignal, signal } from "@preact/signals";
import type { HubbubClient } from "../../../client/client.ts";
import type { HubbubError } from "../../../client/errors.ts";

/** How the page stands with the server. */
export type LinkState =
  | { readonly kind: "connecting" }
  /** The server is there, and what was missed is coming. */
  | { readonly kind: "catching up" }
  | { readonly kind: "online" }
  /** Online again after it was not; shown for a moment. */
  | { readonly kind: "back" }
  | {
      readonly kind: "waiting";
      /** Milliseconds since the Unix epoch. */
      readonly retryAtMs: number;
      /** The server said that it would stop. */
      readonly isGoingAway: boolean;
    }
  /** It does not come back by itself. */
  | { readonly kind: "stopped"; readonly error: HubbubError | undefined };

const BACK_MS = 4_000;
const SLOW_MS = 15_000;
/** A server that is silent for so long while the browser has no network is out of reach. */
const PATIENCE_MS = 2_000;

/** The truth about the connection of a client, for people. */
export class Link {
  readonly #client: HubbubClient;
  readonly #state = signal<LinkState>({ kind: "connecting" });
  readonly #isOffline = signal(!navigator.onLine);
  readonly #slowBytes = signal(0);
  readonly #listening = new AbortController();
  #wasOnline = false;
  #isGoingAway = false;
  #calming: ReturnType<typeof setTimeout> | undefined;
  #slowTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: HubbubClient) {
    this.#client = client;
    client.on("welcome", () => {
      this.#isGoingAway = false;
      this.#enter({ kind: "catching up" });
    });
    client.on("goingAway", () => {
      this.#isGoingAway = true;
    });
    client.on("slow", (bytes) => this.#slow(bytes));
    client.on("state", (state, { error, retryInMs = 0 }) => {
      if (state === "online") this.#online();
      else if (state === "connecting") this.#trying();
      else if (state === "stopped") this.#enter({ kind: "stopped", error });
      else if (state === "waiting") {
        const retryAtMs = Date.now() + retryInMs;
        this.#enter({ kind: "waiting", retryAtMs, isGoingAway: this.#isGoingAway });
      }
    });
    const options = { signal: this.#listening.signal };
    window.addEventListener("online", () => this.#networkIsBack(), options);
    window.addEventListener("offline", () => void this.#networkIsGone(), options);
  }

  get state(): ReadonlySignal<LinkState> {
    return this.#state;
  }

  /** The browser knows of no network, and the server does not answer all the same. */
  get isOffline(): ReadonlySignal<boolean> {
    return this.#isOffline;
  }

  /** What the server holds for this page, which does not take it fast enough; 0 where all is well. */
  get slowBytes(): ReadonlySignal<number> {
    return this.#slowBytes;
  }

  retryNow(): void {
    this.#client.reconnectNow();
  }

  close(): void {
    this.#listening.abort();
    clearTimeout(this.#calming);
    clearTimeout(this.#slowTimer);
  }

  #enter(state: LinkState): void {
    clearTimeout(this.#calming);
    this.#state.value = state;
  }

  /** While a server is being restarted it is tried often: one thing is said all the while. */
  #trying(): void {
    const now = this.#state.value;
    const isRestart = now.kind === "waiting" && now.isGoingAway;
    this.#enter(isRestart ? { ...now, retryAtMs: Date.now() } : { kind: "connecting" });
  }

  #online(): void {
    this.#isOffline.value = false;
    this.#enter({ kind: this.#wasOnline ? "back" : "online" });
    this.#wasOnline = true;
    this.#calming = setTimeout(() => this.#enter({ kind: "online" }), BACK_MS);
  }

  #networkIsBack(): void {
    this.#isOffline.value = false;
    this.retryNow();
  }

  /** A server on this very machine is reached without any network, so it is asked. */
  async #networkIsGone(): Promise<void> {
    if (this.#client.state === "online") {
      const silence = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, "silence"));
      const answer = await Promise.race([silence, this.#client.ping().catch(() => "silence")]);
      if (answer !== "silence") return;
    }
    this.#isOffline.value = !navigator.onLine;
  }

  #slow(bytes: number): void {
    this.#slowBytes.value = bytes;
    clearTimeout(this.#slowTimer);
    this.#slowTimer = setTimeout(() => {
      this.#slowBytes.value = 0;
    }, SLOW_MS);
  }
}
