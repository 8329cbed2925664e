import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { HubbubClient } from "../../../client/client.ts";
import type { Membership } from "../../../client/memberships.ts";
import { Edge } from "./edge.tsx";
import { onKey } from "./keyboard.ts";
import { MessageRow } from "./message_row.tsx";
import { MessageView } from "./message_view.ts";
import { PendingRows } from "./pending_rows.tsx";
import { isGrouped, Times } from "./times.ts";

export interface MessagePaneProps {
  readonly client: HubbubClient;
  /** The channel that is shown; another one is another pane. */
  readonly channel: Readonly<Membership>;
  readonly me: { readonly id: number; readonly name: string };
  /** A message to show, from the address. */
  readonly goTo?: number;
  /** The number after which reading had not gone on when the channel was opened. */
  readonly readUpTo: number;
  /** Told the newest message that was shown at the bottom while the page was visible. */
  readonly onRead: (seq: number) => void;
  /** The path of a message, for links. */
  readonly linkTo: (seq: number) => string;
}

/** The messages of a channel. */
export function MessagePane(props: MessagePaneProps) {
  // Another channel is another pane, with nothing of the last one's.
  return <Pane key={props.channel.name} {...props} />;
}

function Pane({ client, channel, me, goTo, readUpTo, onRead, linkTo }: MessagePaneProps) {
  const read = useRef(onRead);
  read.current = onRead;
  const view = useMemo(
    () => new MessageView({ client, channel, me, readUpTo, onRead: (seq) => read.current(seq) }),
    [client, channel],
  );
  const times = useMemo(() => new Times(navigator.languages), []);
  const scroller = useRef<HTMLDivElement>(null);
  const above = useRef<HTMLDivElement>(null);
  const rows = useRef<HTMLDivElement>(null);
  const below = useRef<HTMLDivElement>(null);
  const shownGoTo = useRef(goTo);

  // Reading it is what makes a change of it render this.
  view.frame.value;
  const { conversation, viewport } = view;
  const span = view.rows();
  const { window, loads, pending } = conversation;
  const isCut = window.isLoaded && window.reachesStart && window.span.first > 1;

  useEffect(
    () =>
      view.attach(
        {
          scroller: scroller.current as HTMLElement,
          above: above.current as HTMLElement,
          rows: rows.current as HTMLElement,
          below: below.current as HTMLElement,
        },
        goTo,
      ),
    [view],
  );
  useEffect(() => {
    if (goTo !== shownGoTo.current) view.goTo(goTo);
    shownGoTo.current = goTo;
  }, [view, goTo]);
  // Each rendering, before it is painted.
  useLayoutEffect(() => view.settled(rows.current as HTMLElement));

  const shown = [];
  const nowMs = Date.now();
  for (let seq = span.first; seq <= span.last; seq++) {
    const message = window.get(seq);
    if (!message) continue;
    const before = window.get(seq - 1);
    const isNewDay = !before || times.dayKey(before.timeMs) !== times.dayKey(message.timeMs);
    const isFirstNew = conversation.marker === seq - 1;
    shown.push(
      <MessageRow
        key={seq}
        message={message}
        isGrouped={!isNewDay && !isFirstNew && isGrouped(before, message)}
        day={isNewDay ? times.day(message.timeMs, nowMs) : undefined}
        isFirstNew={isFirstNew}
        isTarget={view.target === seq}
        isCurrent={view.current === seq}
        isExpanded={view.isExpanded(seq)}
        href={linkTo(seq)}
        times={times}
        onToggle={view.toggle}
      />,
    );
  }

  const newest = window.get(window.span.last);

  return (
    <section class="messages" aria-label={`Messages in ${channel.name}`}>
      {/* A log, but silent: what is new is told below, in few words, however much it is. */}
      <div
        class="messages-scroller"
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={`Messages in ${channel.name}`}
        aria-busy={!window.isLoaded}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        onKeyDown={(event) => onKey(event, view)}
        onFocusIn={({ target }) => {
          const row = target instanceof Element && target.closest<HTMLElement>("[data-seq]");
          if (row) view.focused(Number(row.dataset.seq));
        }}
      >
        <div class="messages-top">
          {window.isLoaded && window.reachesStart && !isCut ? (
            <Beginning name={channel.name} isEmpty={window.head === 0 && pending.length === 0} />
          ) : (
            <Edge
              state={window.isLoaded ? loads.older : loads.jump}
              what={window.isLoaded ? "older messages" : "messages"}
              onRetry={() => conversation.retry()}
              isCut={isCut}
            />
          )}
        </div>
        <div ref={above} />
        <div class="messages-rows" ref={rows}>
          {shown}
        </div>
        <div ref={below} />
        {window.isLoaded && !window.reachesEnd && (
          <Edge state={loads.newer} what="newer messages" onRetry={() => conversation.retry()} />
        )}
        {pending.length > 0 && window.reachesEnd && (
          <PendingRows
            pending={pending}
            me={me}
            isContinued={
              newest !== undefined && isGrouped(newest, { authorId: me.id, timeMs: nowMs })
            }
            onRetry={(nonce) => client.retry(nonce)}
            onDiscard={(nonce) => client.discard(nonce)}
          />
        )}
      </div>
      {window.isLoaded && !viewport.follows && (
        <button
          type="button"
          class={view.unseen > 0 ? "messages-below new" : "messages-below"}
          onClick={() => conversation.goToEnd()}
        >
          {belowText(view.unseen)}
        </button>
      )}
      {conversation.missing !== undefined && (
        <p class="messages-missing notice" role="status">
          {conversation.missing < window.span.first
            ? `Message ${conversation.missing} of #${channel.name} is no longer kept.`
            : `There is no message ${conversation.missing} in #${channel.name}.`}
        </p>
      )}
      <p class="unseen" role="status">
        {view.announcement}
      </p>
    </section>
  );
}

function Beginning({ name, isEmpty }: { name: string; isEmpty: boolean }) {
  if (!isEmpty) return <p class="messages-beginning">This is where #{name} begins.</p>;
  return (
    <p class="messages-nothing">
      <strong>Nothing has been said here yet.</strong>
      The first message in #{name} is yours.
    </p>
  );
}

function belowText(unseen: number): string {
  if (unseen === 0) return "Go to the newest messages";
  const count = unseen.toLocaleString("en");
  return `${count} new message${unseen === 1 ? "" : "s"} below`;
}
