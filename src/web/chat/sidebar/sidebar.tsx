import type { Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { nameKey } from "../../../wire/names.ts";
import type { Chat, ListedChannel } from "../chat.ts";
import { Brand, Icon } from "../icons.tsx";
import { pathOf } from "../route.ts";

interface SidebarProps {
  readonly chat: Chat;
  /** On narrow screens it is a drawer. */
  readonly isOpen: Signal<boolean>;
  readonly show: (dialog: "browse" | "account") => void;
}

/** One's own channels, and the ways to all of them and to the account. */
export function Sidebar({ chat, isOpen, show }: SidebarProps) {
  const element = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isOpen.value) element.current?.querySelector<HTMLElement>("a, button")?.focus();
  }, [isOpen.value]);
  const { user } = chat;
  return (
    <nav class="sidebar" aria-label="Channels" ref={element}>
      <div class="sidebar-head">
        <span class="brand">
          <Brand />
          Hubbub
        </span>
        <button
          class="icon-button only-narrow"
          type="button"
          aria-label="Close the list of channels"
          onClick={() => (isOpen.value = false)}
        >
          <Icon name="close" />
        </button>
      </div>
      <div class="sidebar-title">
        <h2>Channels</h2>
        <button
          class="icon-button"
          type="button"
          aria-label="Find or create a channel"
          title="Find or create a channel"
          onClick={() => show("browse")}
        >
          <Icon name="plus" />
        </button>
      </div>
      <ChannelList chat={chat} browse={() => show("browse")} />
      <div class="sidebar-foot">
        <button class="account-button" type="button" onClick={() => show("account")}>
          <span class="avatar" data-letter={user.name.slice(0, 1).toUpperCase()} />
          <span class="account-name">
            <span class="unseen">Account: </span>
            {user.name}
          </span>
        </button>
        {user.role !== "user" && (
          <a
            class="icon-button"
            href="/monitor"
            target="_blank"
            aria-label="Monitor"
            title="Monitor"
            rel="noopener"
          >
            <Icon name="chart" />
          </a>
        )}
      </div>
    </nav>
  );
}

function ChannelList({ chat, browse }: { chat: Chat; browse: () => void }) {
  const channels = chat.channels.value;
  if (channels === undefined) {
    return (
      <ul class="channel-list" aria-busy="true" aria-label="Your channels are being loaded">
        {[72, 96, 56].map((width) => (
          <li key={width} class="ghost-line" aria-hidden="true" />
        ))}
      </ul>
    );
  }
  if (channels.length === 0) {
    return (
      <div class="channel-list empty">
        <p>You are in no channel yet.</p>
        <button class="button small" type="button" onClick={browse}>
          Find one
        </button>
      </div>
    );
  }
  const route = chat.navigation.route.value;
  const current = route.kind === "channel" ? nameKey(route.name) : undefined;
  return (
    <ul class="channel-list">
      {channels.map((channel) => (
        <li key={channel.name}>
          <ChannelLink channel={channel} isCurrent={nameKey(channel.name) === current} />
        </li>
      ))}
    </ul>
  );
}

function ChannelLink({ channel, isCurrent }: { channel: ListedChannel; isCurrent: boolean }) {
  const { name, unread } = channel;
  return (
    <a
      class={unread > 0 ? "channel-link unread" : "channel-link"}
      href={pathOf(name)}
      aria-current={isCurrent ? "page" : undefined}
    >
      <span class="hash" aria-hidden="true">
        #
      </span>
      <span class="channel-name">{name}</span>
      {unread > 0 && (
        <span class="badge">
          {unread > 999 ? "999+" : unread}
          <span class="unseen"> unread</span>
        </span>
      )}
    </a>
  );
}
