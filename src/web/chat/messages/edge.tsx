import type { LoadState } from "./page_loads.ts";

interface Props {
  readonly state: LoadState;
  /** What is loaded here: `older messages`. */
  readonly what: string;
  readonly onRetry: () => void;
  /** What there was before it is kept no more. */
  readonly isCut?: boolean;
}

/** What stands where the messages in memory end: more is on its way, or could not be read. */
export function Edge({ state, what, onRetry, isCut = false }: Props) {
  // As high as with words in it: what begins and ends out of sight must not move anything.
  if (state === "idle") {
    return <p class="messages-edge">{isCut && "Older messages are no longer kept"}</p>;
  }
  if (state === "loading") {
    return (
      <p class="messages-edge">
        <span class="spinner" aria-hidden="true" />
        Loading {what}
      </p>
    );
  }
  // The page says elsewhere that there is no connection, and it is tried again when there is.
  if (state.code === "DISCONNECTED") return <p class="messages-edge">Waiting for {what}</p>;
  return (
    <p class="messages-edge">
      Could not read {what}. {state.text}
      <button type="button" class="button small" onClick={onRetry}>
        Try again
      </button>
    </p>
  );
}
