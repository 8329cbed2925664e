import type { HubbubClient } from "../../../client/client.ts";
import { asHubbubError, type HubbubError } from "../../../client/errors.ts";
import type { HistoryRequest } from "../../../client/options.ts";
import type { HistoryPage } from "../../../wire/gen/hubbub/v1/events_pb.ts";

/** How it stands with what one waits for; an error stays until it is tried again. */
export type LoadState = "idle" | "loading" | HubbubError;

/** Tried again by itself at most so often, when the server says that it is asked too fast. */
const MAX_WAITS = 20;
const SHORTEST_WAIT_MS = 50;

/** Refusals that pass in moments, because of how fast one scrolls and not of anything wrong. */
const passing: ReadonlySet<string> = new Set(["RATE_LIMITED", "TOO_MANY_PENDING"]);

/**
 * Reads a page of history; when the server finds that too fast, later.
 *
 * @param isWanted asked before it is tried again.
 * @throws HubbubError DISCONNECTED, STORE_UNAVAILABLE and others.
 */
export async function readPage(
  client: Pick<HubbubClient, "history">,
  request: HistoryRequest,
  isWanted: () => boolean,
): Promise<HistoryPage> {
  for (let waits = 0; ; waits++) {
    try {
      return await client.history(request);
    } catch (thrown) {
      const error = asHubbubError(thrown);
      if (!passing.has(error.code) || waits === MAX_WAITS || !isWanted()) throw error;
      const ms = Math.max(error.retryAfterMs, SHORTEST_WAIT_MS);
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }
}

/** One thing that is loaded at a time. What is no longer wanted when it comes is not used. */
export class Load {
  readonly #changed: () => void;
  #state: LoadState = "idle";
  #turn = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get state(): LoadState {
    return this.#state;
  }

  /**
   * Begins, and drops what was under way. `use` gets what came, unless it is wanted no more by then;
   * before that it is called, the state is idle again.
   */
  begin<Result>(
    read: (isWanted: () => boolean) => Promise<Result>,
    use: (r: Result) => void,
  ): void {
    const turn = ++this.#turn;
    const isWanted = () => turn === this.#turn;
    this.#enter("loading");
    read(isWanted).then(
      (result) => {
        if (!isWanted()) return;
        this.#state = "idle";
        use(result);
        this.#changed();
      },
      (thrown) => {
        if (isWanted()) this.#enter(asHubbubError(thrown));
      },
    );
  }

  /** What is under way is wanted no more. */
  drop(): void {
    this.#turn++;
    if (this.#state !== "idle") this.#enter("idle");
  }

  #enter(state: LoadState): void {
    this.#state = state;
    this.#changed();
  }
}
