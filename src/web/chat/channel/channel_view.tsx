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
  /** A message to show, from the address. */
  readonly goTo: number | undefined;
  readonly openDrawer: () => void;
}

/** A channel of one's own: its head, its messages, and the place to write. */
export function ChannelView({ chat, channel, goTo, openDrawer }: ChannelViewProps) {
  const { client, user } = chat;
  const problem = useSignal<string | undefined>(undefined);
  // The mark stays where it was when the channel was opened, however far reading gets meanwhile.
  const [readUpTo] = useState(() => chat.readUpTo(channel));
  useEffect(() => chat.opened(channel), [chat, channel]);
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
      <StageHeader title={`#${channel.name}`} openDrawer={openDrawer}>
        <PresenceLine watching={watching} />
        <button
          class="icon-button"
          type="button"
          aria-label={`Leave #${channel.name}`}
          title={`Leave #${channel.name}`}
          onClick={() => void leave()}
        >
          <Icon name="leave" />
        </button>
      </StageHeader>
      <h1 class="unseen">#{channel.name}</h1>
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
        linkTo={(seq) => pathOf(channel.name, seq)}
        {...(goTo === undefined ? {} : { goTo })}
      />
      <TypingLine watching={watching} />
      <Composer chat={chat} channel={channel} />
    </>
  );
}
