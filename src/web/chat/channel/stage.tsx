import { useEffect } from "preact/hooks";
import { nameKey } from "../../../wire/names.ts";
import type { Chat } from "../chat.ts";
import { Icon } from "../icons.tsx";
import { pathOf } from "../route.ts";
import { AbsentChannel } from "./absent_channel.tsx";
import { ChannelView } from "./channel_view.tsx";
import { Bare } from "./frame.tsx";

interface StageProps {
  readonly chat: Chat;
  readonly openDrawer: () => void;
  readonly browse: () => void;
}

/** What the address names: a channel of one's own, another one, or none. */
export function Stage({ chat, openDrawer, browse }: StageProps) {
  const route = chat.navigation.route.value;
  const channels = chat.channels.value;
  const first = channels?.find(({ name }) => nameKey(name) === "general") ?? channels?.[0];
  const isHome = route.kind === "home";
  useEffect(() => {
    if (isHome && first) chat.navigation.go(pathOf(chat.lastChannel ?? first.name), "replace");
  }, [isHome, first?.name]);

  if (route.kind === "nowhere") {
    return (
      <Bare title="Not found" openDrawer={openDrawer}>
        <h1>There is nothing here</h1>
        <p>No channel can have this address.</p>
        <a class="button" href="/">
          To your channels
        </a>
      </Bare>
    );
  }
  if (channels === undefined || (isHome && first)) {
    return (
      <Bare title={route.kind === "channel" ? `#${route.name}` : "Hubbub"} openDrawer={openDrawer}>
        <span class="spinner" />
        <p role="status">Loading…</p>
      </Bare>
    );
  }
  if (route.kind === "home") {
    return (
      <Bare title="Hubbub" openDrawer={openDrawer}>
        <h1>You are in no channel yet</h1>
        <p>Join one to talk with those who are there, or create one and tell others its name.</p>
        <button class="button main" type="button" onClick={browse}>
          <Icon name="search" />
          Find or create a channel
        </button>
      </Bare>
    );
  }
  const channel = chat.channelNamed(route.name);
  if (channel === undefined) {
    return <AbsentChannel key={route.name} chat={chat} name={route.name} openDrawer={openDrawer} />;
  }
  const { membership } = channel;
  return (
    <ChannelView
      key={membership.id}
      chat={chat}
      channel={membership}
      name={membership.name}
      isArchived={membership.isArchived}
      goTo={route.seq}
      openDrawer={openDrawer}
    />
  );
}
