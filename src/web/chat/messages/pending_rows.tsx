import type { PendingMessage } from "../../../client/posts.ts";
import { Body } from "./body.tsx";
import { hueOf, Initial } from "./message_row.tsx";

interface Props {
  readonly pending: readonly PendingMessage[];
  readonly me: { readonly id: number; readonly name: string };
  /** The newest message of the channel is of the same author, and not long ago. */
  readonly isContinued: boolean;
  readonly onRetry: (nonce: string) => void;
  readonly onDiscard: (nonce: string) => void;
}

const stateText = {
  waiting: "Waiting to be sent",
  "sent-unacknowledged": "Sending",
} as const;

/** More than this are counted and not shown: an outbox holds a thousand. */
const MAX_SHOWN = 40;

/** Own messages on their way into the channel, below the messages that are in it. */
export function PendingRows({ pending, me, isContinued, onRetry, onDiscard }: Props) {
  const shown = pending.slice(0, MAX_SHOWN);
  return (
    <div class="message-pending">
      {shown.map((post, index) => (
        <PendingRow
          key={post.nonce}
          post={post}
          me={me}
          isGrouped={index > 0 || isContinued}
          onRetry={() => onRetry(post.nonce)}
          onDiscard={() => onDiscard(post.nonce)}
        />
      ))}
      {pending.length > MAX_SHOWN && <p>And {pending.length - MAX_SHOWN} more are waiting.</p>}
    </div>
  );
}

interface RowProps {
  readonly post: PendingMessage;
  readonly me: { readonly id: number; readonly name: string };
  readonly isGrouped: boolean;
  readonly onRetry: () => void;
  readonly onDiscard: () => void;
}

function PendingRow({ post, me, isGrouped, onRetry, onDiscard }: RowProps) {
  const { nonce, body, state, error } = post;
  const [who, text] = [`p${nonce}-who`, `p${nonce}-text`];
  const isFailed = state === "failed";
  const kind = `message${isGrouped ? " grouped" : ""} ${isFailed ? "failed" : "unsent"}`;
  // As high as the message will be: nothing moves when it takes this one's place.
  const progress = !isFailed && (
    <span class="message-time" title={stateText[state]}>
      <span aria-hidden="true">…</span>
      <span class="unseen">{stateText[state]}</span>
    </span>
  );
  return (
    <article class={kind} data-nonce={nonce} aria-labelledby={`${who} ${text}`}>
      {isGrouped ? (
        <>
          {progress}
          <bdi class="unseen" id={who}>
            {me.name}
          </bdi>
        </>
      ) : (
        <>
          <Initial author={me.name} authorId={me.id} />
          <header>
            <bdi class={`message-author ${hueOf(me.id)}`} id={who}>
              {me.name}
            </bdi>
            {progress}
          </header>
        </>
      )}
      <Body body={body} id={text} />
      {isFailed && (
        <div class="message-failure">
          <p role="alert">Not sent. {error?.text}</p>
          <button type="button" class="button small" onClick={onRetry}>
            Try again
          </button>
          <button type="button" class="button small" onClick={onDiscard}>
            Discard
          </button>
        </div>
      )}
    </article>
  );
}
