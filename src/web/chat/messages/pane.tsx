import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { HubbubClient } from "../../../client/client.ts";
import type { Membership } from "../../../client/memberships.ts";
import type { Message } from "../../../wire/gen/hubbub/v1/events_pb.ts";

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
export function MessagePane({ client, channel, onRead, linkTo }: MessagePaneProps) {
  const messages = useSignal<readonly Message[]>([]);
  useEffect(() => {
    const show = (news: readonly Message[]) => {
      const known = messages.value.at(-1)?.seq ?? 0;
      messages.value = [...messages.value, ...news.filter(({ seq }) => seq > known)];
      const newest = messages.value.at(-1);
      if (newest) onRead(newest.seq);
    };
    const stop = client.on("message", (message) => {
      if (message.channel === channel.id) show([message]);
    });
    client.history({ channel: channel.id }).then(
      ({ messages }) => show(messages),
      () => {},
    );
    return stop;
  }, [client, channel]);

  return (
    <section class="messages" aria-label="Messages">
      <ol>
        {messages.value.map(({ seq, author, body }) => (
          <li key={seq}>
            <a href={linkTo(seq)}>{seq}</a> {author}: <span>{body}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
