import type { LoadState } from "./page_loads.ts";

interface Props {
  readonly state: LoadState;
  /** What is loaded here: `older messages`. */
  readonly what: string;
  readonly onRetry: () => void;
}

/** What stands where the messages in memory end: more is on its way, or could not be read. */
export function Edge({ state, what, onRetry }: Props) {
  if (typeof state !== "object") return <p class="messages-edge">Loading {what}…</p>;
  const isOffline = state.code === "DISCONNECTED";
  return (
    <p class="messages-edge">
      {isOffline ? `The ${what} come when the connection is back.` : `No ${what}: ${state.text}`}
      {!isOffline && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </p>
  );
}
