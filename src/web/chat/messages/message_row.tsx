import { Component } from "preact";
import { Body } from "./body.tsx";
import type { ChatMessage } from "./message_window.ts";
import type { Times } from "./times.ts";

interface Props {
  readonly message: ChatMessage;
  /** It stands under the one before it, without a name of its own. */
  readonly isGrouped: boolean;
  /** Named above the first message of a day. */
  readonly day: string | undefined;
  /** The first one that is new. */
  readonly isFirstNew: boolean;
  /** The address leads to it. */
  readonly isTarget: boolean;
  /** The one that the keyboard is at. */
  readonly isCurrent: boolean;
  readonly isExpanded: boolean;
  readonly href: string;
  readonly times: Times;
  readonly onToggle: (seq: number) => void;
}

/** Colours of names and initials; the style sheet has as many. */
const HUES = 8;

/** One message, and what stands above it: the day, the mark for new messages, the author. */
export class MessageRow extends Component<Props> {
  /** Hot: asked of every row in the page at every rendering; most have not changed. */
  override shouldComponentUpdate(next: Props): boolean {
    const { props } = this;
    return (Object.keys(next) as (keyof Props)[]).some((name) => next[name] !== props[name]);
  }

  override render() {
    const { message, isGrouped, day, isFirstNew, isTarget, isCurrent, isExpanded } = this.props;
    const { href, times, onToggle } = this.props;
    const { seq, author, authorId, body, timeMs, deleted = false } = message;
    const kind = `message${isGrouped ? " grouped" : ""}${isTarget ? " target" : ""}`;
    const [who, text] = [`m${seq}-who`, `m${seq}-text`];
    const time = (
      <a class="message-time" href={href} tabIndex={isCurrent ? 0 : -1}>
        <time dateTime={new Date(timeMs).toISOString()} title={times.full(timeMs)}>
          {times.short(timeMs)}
        </time>
      </a>
    );
    return (
      <div class="message-row">
        {day !== undefined && (
          <p class="message-day">
            <span>{day}</span>
          </p>
        )}
        {isFirstNew && (
          <p class="message-new">
            <span>New messages</span>
          </p>
        )}
        <article
          class={kind}
          data-seq={seq}
          tabIndex={isCurrent ? 0 : -1}
          aria-labelledby={`${who} ${text}`}
        >
          {isGrouped ? (
            <>
              {time}
              <bdi class="unseen" id={who}>
                {author}
              </bdi>
            </>
          ) : (
            <>
              <Initial author={author} authorId={authorId} />
              <header>
                <bdi class={`message-author ${hueOf(authorId)}`} id={who}>
                  {author}
                </bdi>
                {time}
              </header>
            </>
          )}
          {deleted ? (
            <div class="message-text deleted" id={text}>
              Message deleted
            </div>
          ) : (
            <Body body={body} id={text} isExpanded={isExpanded} onToggle={() => onToggle(seq)} />
          )}
        </article>
      </div>
    );
  }
}

/** The class that colours an author. */
export function hueOf(authorId: number): string {
  return `hue-${authorId % HUES}`;
}

/** A coloured disc, by which one finds an author's messages again. */
export function Initial({ author, authorId }: { author: string; authorId: number }) {
  const [first = "?"] = author;
  return (
    <span class={`message-initial ${hueOf(authorId)}`} aria-hidden="true">
      {first.toUpperCase()}
    </span>
  );
}
