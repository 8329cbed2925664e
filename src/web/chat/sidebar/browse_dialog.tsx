import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { asHubbubError } from "../../../client/errors.ts";
import { channelNamePattern, nameKey } from "../../../wire/names.ts";
import type { Chat } from "../chat.ts";
import { Dialog } from "../dialog.tsx";
import { Icon } from "../icons.tsx";
import { pathOf } from "../route.ts";
import { counted } from "../words.ts";

/** More rows than these nobody looks through; the search box finds the others. */
const MOST_ROWS = 200;

interface BrowseProps {
  readonly chat: Chat;
  readonly close: () => void;
}

/** All channels of the server: to find one, to join it, or to make one that is not there. */
export function BrowseDialog({ chat, close }: BrowseProps) {
  const search = useSignal("");
  const problem = useSignal<string | undefined>(undefined);
  const { directory, channels } = chat;
  useEffect(() => void directory.load(), [directory]);
  const { channels: all, state } = directory.listing.value;
  const wanted = nameKey(search.value.trim().replace(/^#/, ""));
  const found = all.filter(({ name }) => nameKey(name).includes(wanted));
  const isThere = all.some(({ name }) => nameKey(name) === wanted);
  const isMine = (name: string) =>
    channels.value?.some((channel) => nameKey(channel.name) === nameKey(name)) ?? false;

  const open = async (name: string) => {
    problem.value = undefined;
    try {
      if (!isMine(name)) await chat.client.join(name);
      close();
      chat.navigation.go(pathOf(name));
    } catch (thrown) {
      problem.value = asHubbubError(thrown).text;
    }
  };
  const name = search.value.trim().replace(/^#/, "");

  return (
    <Dialog title="All channels" close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const [first] = found;
          if (isThere || (found.length === 1 && first))
            void open(isThere ? name : (first?.name ?? ""));
          else if (channelNamePattern.test(name)) void open(name);
        }}
      >
        <div class="field">
          <label for="channel-search">Search, or name a new one</label>
          <input
            id="channel-search"
            data-first
            class="input"
            type="search"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            value={search.value}
            onInput={(event) => (search.value = event.currentTarget.value)}
            aria-describedby="channel-search-hint"
          />
          <p class="hint" id="channel-search-hint" role="status">
            {sentence(state, found.length, name)}
          </p>
        </div>
        {problem.value !== undefined && (
          <p class="notice danger" role="alert">
            <Icon name="alert" />
            {problem.value}
          </p>
        )}
        {state === "complete" && !isThere && channelNamePattern.test(name) && (
          <button class="button main" type="submit">
            <Icon name="plus" />
            Create #{name}
          </button>
        )}
      </form>
      {found.length > 0 && (
        <ul class="rows">
          {found.slice(0, MOST_ROWS).map((channel) => (
            <li key={channel.id}>
              <span class="what">
                <strong>#{channel.name}</strong>{" "}
                <span class="more">
                  {counted(channel.members, "member")}, {counted(channel.head, "message")}
                </span>
              </span>
              <button
                class={isMine(channel.name) ? "button small" : "button small main"}
                type="button"
                aria-label={`${isMine(channel.name) ? "Open" : "Join"} #${channel.name}`}
                onClick={() => void open(channel.name)}
              >
                {isMine(channel.name) ? "Open" : "Join"}
              </button>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

function sentence(state: "loading" | "complete" | "failed", found: number, name: string): string {
  if (name !== "" && !channelNamePattern.test(name)) {
    return "Names have 1 to 64 letters, digits, underscores, hyphens and dots.";
  }
  if (state === "loading") return "Loading…";
  if (state === "failed") return "The list could not be loaded; this may not be all.";
  if (found > MOST_ROWS) return `${found} channels, of which the first ${MOST_ROWS} are shown.`;
  return found === 0 ? "No channel of that name." : counted(found, "channel");
}
