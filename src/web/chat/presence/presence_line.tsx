import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { Watching } from "./watching.ts";

/** Who of the channel is online: how many in the channel's head, and by name in a list that opens. */
export function PresenceLine({ watching }: { watching: Watching }) {
  const presence = watching.presence.value;
  const isOpen = useSignal(false);
  const element = useRef<HTMLDivElement>(null);
  const listId = useId();
  useEffect(() => {
    const close = (event: Event) => {
      const isKey = event instanceof KeyboardEvent;
      if (isKey && event.key !== "Escape") return;
      const isInside = event.target instanceof Node && element.current?.contains(event.target);
      if (!isKey && isInside) return;
      if (isKey && isOpen.value) element.current?.querySelector("button")?.focus();
      isOpen.value = false;
    };
    const kinds = ["keydown", "pointerdown", "focusin"] as const;
    for (const kind of kinds) document.addEventListener(kind, close);
    return () => {
      for (const kind of kinds) document.removeEventListener(kind, close);
    };
  }, []);
  if (presence === undefined) return <div class="channel-presence" />;

  const { online, onlineCount, memberCount } = presence;
  const more = onlineCount - online.length;
  return (
    <div class="channel-presence" ref={element}>
      <button
        class="presence-button"
        type="button"
        aria-expanded={isOpen.value}
        aria-controls={listId}
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        <span class="presence-dot" aria-hidden="true" />
        <span>
          {onlineCount.toLocaleString("en")} online
          <span class="presence-members"> of {memberCount.toLocaleString("en")}</span>
        </span>
      </button>
      <div class="presence-list" id={listId} hidden={!isOpen.value}>
        <h2>Online now</h2>
        {/* It may scroll, and so must be within reach of the keyboard. */}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above. */}
        <ul tabIndex={0} aria-label="Online now">
          {online.map(({ userId, user }) => (
            <li key={userId}>{user}</li>
          ))}
        </ul>
        {more > 0 && <p>and {more.toLocaleString("en")} more</p>}
      </div>
    </div>
  );
}
