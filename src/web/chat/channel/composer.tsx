import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Membership } from "../../../client/memberships.ts";
import type { Chat } from "../chat.ts";
import { Icon } from "../icons.tsx";

/** From this part of the limit on it is shown how much room is left. */
const NEAR = 0.9;

interface ComposerProps {
  readonly chat: Chat;
  readonly channel: Readonly<Membership>;
  readonly name: string;
  readonly isArchived: boolean;
}

/** The place to write: Enter sends, Shift+Enter begins a new line. Works just as well offline. */
export function Composer({ chat, channel, name, isArchived }: ComposerProps) {
  const element = useRef<HTMLTextAreaElement>(null);
  const text = useSignal(chat.drafts.of(name));
  const bytes = bytesOf(text.value);
  const limit = chat.bodyBytes;
  const isTooLong = bytes > limit;
  const isEmpty = text.value.trim() === "";
  const left = limit - bytes;

  useLayoutEffect(() => grow(element.current), [text.value]);
  useEffect(() => {
    // On a touch screen it would bring up the keyboard, over what one came to read.
    if (matchMedia("(hover: hover)").matches) element.current?.focus();
  }, []);

  const set = (value: string) => {
    text.value = value;
    chat.drafts.set(name, value);
  };
  const send = () => {
    // Once the client has stopped, the text stays where it is; the banner says what has happened.
    if (isEmpty || isTooLong || chat.client.state === "stopped") return;
    if (channel.phase === "ended" || isArchived) return;
    chat.client.post(channel.id, text.value);
    set("");
    element.current?.focus();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class={isTooLong ? "composer-box too-long" : "composer-box"}>
        <textarea
          ref={element}
          rows={1}
          dir="auto"
          enterkeyhint="send"
          aria-label={`Message to #${name}`}
          aria-describedby="composer-room"
          aria-invalid={isTooLong}
          readOnly={isArchived}
          placeholder={isArchived ? `#${name} is archived` : `Message to #${name}`}
          value={text.value}
          onInput={(event) => {
            set(event.currentTarget.value);
            chat.client.typing(channel.id);
          }}
          onKeyDown={(event) => {
            // While an input method composes, Enter belongs to it.
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <button
          class="send-button"
          type="submit"
          aria-label="Send"
          disabled={isEmpty || isTooLong || isArchived}
        >
          <Icon name="send" />
        </button>
      </div>
      <p class="composer-room" id="composer-room" role="status">
        {isTooLong
          ? `Too long by ${spellBytes(-left)}.`
          : bytes > limit * NEAR && `Room for ${spellBytes(left)} more.`}
      </p>
    </form>
  );
}

function grow(element: HTMLTextAreaElement | null): void {
  if (element === null) return;
  element.style.height = "auto";
  element.style.height = `${element.scrollHeight}px`;
}

/** In UTF-8, which is what the server counts. */
function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

function spellBytes(bytes: number): string {
  return `${bytes.toLocaleString("en")} ${bytes === 1 ? "byte" : "bytes"}`;
}
