import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { asHubbubError } from "../../../client/errors.ts";
import type { Membership } from "../../../client/memberships.ts";
import type { Chat } from "../chat.ts";
import { Icon } from "../icons.tsx";
import { MessagePane } from "../messages/pane.tsx";
import { PresenceLine } from "../presence/presence_line.tsx";
import { TypingLine } from "../presence/typing_line.tsx";
import { Watching } from "../presence/watching.ts";
import { pathOf } from "../route.ts";
import { Composer } from "./composer.tsx";
import { StageHeader } from "./frame.tsx";

interface ChannelViewProps {
  readonly chat: Chat;
  readonly channel: Readonly<Membership>;
  /** The channel's, which can change while the channel stays the same. */
  readonly name: string;
  readonly isArchived: boolean;
  /** A message to show, from the address. */
  readonly goTo: number | undefined;
  readonly openDrawer: () => void;
}

/** A channel of one's own: its head, its messages, and the place to write. */
export function ChannelView(props: ChannelViewProps) {
  const { chat, channel, name, isArchived, goTo, openDrawer } = props;
  const { client, user } = chat;
  const problem = useSignal<string | undefined>(undefined);
  // The mark stays where it was when the channel was opened, however far reading gets meanwhile.
  const [readUpTo] = useState(() => chat.readUpTo(channel));
  useEffect(() => chat.opened(channel), [chat, channel, name]);
  const [watching] = useState(() => new Watching({ client, channel: channel.id, me: user.id }));
  useEffect(() => watching.open(), [watching]);

  const leave = async () => {
    problem.value = undefined;
    try {
      await client.leave(channel.id);
    } catch (thrown) {
      problem.value = asHubbubError(thrown).text;
    }
  };

  return (
    <>
      <StageHeader title={`#${name}`} openDrawer={openDrawer}>
        <PresenceLine watching={watching} />
        <button
          class="icon-button"
          type="button"
          aria-label={`Leave #${name}`}
          title={`Leave #${name}`}
          onClick={() => void leave()}
        >
          <Icon name="leave" />
        </button>
      </StageHeader>
      <h1 class="unseen">#{name}</h1>
      {problem.value !== undefined && (
        <p class="notice danger connection-line" role="alert">
          <Icon name="alert" />
          {problem.value}
        </p>
      )}
      <MessagePane
        client={client}
        channel={channel}
        me={user}
        readUpTo={readUpTo}
        onRead={(seq) => chat.read(channel.id, seq)}
        linkTo={(seq) => pathOf(name, seq)}
        {...(goTo === undefined ? {} : { goTo })}
      />
      <TypingLine watching={watching} />
      <Composer chat={chat} channel={channel} name={name} isArchived={isArchived} />
    </>
  );
}
