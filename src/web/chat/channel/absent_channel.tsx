import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { asHubbubError } from "../../../client/errors.ts";
import type { Chat } from "../chat.ts";
import { Icon } from "../icons.tsx";
import { counted } from "../words.ts";
import { Bare } from "./frame.tsx";

interface AbsentProps {
  readonly chat: Chat;
  readonly name: string;
  readonly openDrawer: () => void;
}

/** A channel that one is not in: to be joined where there is one, else to be created. */
export function AbsentChannel({ chat, name, openDrawer }: AbsentProps) {
  const { directory } = chat;
  const problem = useSignal<string | undefined>(undefined);
  const isBusy = useSignal(false);
  useEffect(() => void directory.load(), [directory, name]);
  const { state } = directory.listing.value;
  const channel = directory.find(name);

  const join = async () => {
    isBusy.value = true;
    problem.value = undefined;
    try {
      await chat.client.join(name);
    } catch (thrown) {
      problem.value = asHubbubError(thrown).text;
      isBusy.value = false;
    }
  };

  if (channel === undefined && state === "loading") {
    return (
      <Bare title={`#${name}`} openDrawer={openDrawer}>
        <span class="spinner" />
        <p role="status">Looking for #{name}…</p>
      </Bare>
    );
  }
  return (
    <Bare title={`#${channel?.name ?? name}`} openDrawer={openDrawer}>
      {channel === undefined ? (
        <>
          <h1>There is no #{name} yet</h1>
          <p>Create it, and be its first member.</p>
        </>
      ) : (
        <>
          <h1>You are not in #{channel.name}</h1>
          <p>
            It has {counted(channel.members, "member")} and {counted(channel.head, "message")}.
          </p>
        </>
      )}
      <button class="button main" type="button" disabled={isBusy.value} onClick={() => void join()}>
        {channel === undefined ? <Icon name="plus" /> : null}
        {channel === undefined ? `Create #${name}` : `Join #${channel.name}`}
      </button>
      <p role="alert" class={problem.value === undefined ? "unseen" : "notice danger"}>
        {problem.value}
      </p>
    </Bare>
  );
}
