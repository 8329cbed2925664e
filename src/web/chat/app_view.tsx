import type { App } from "./app.ts";
import { ChatView } from "./chat_view.tsx";
import { spell, useSecondsUntil } from "./countdown.ts";
import { Entrance } from "./entrance/entrance.tsx";
import { Brand } from "./icons.tsx";

/** The page: the way in, or the chat. */
export function AppView({ app }: { app: App }) {
  const phase = app.phase.value;
  switch (phase.kind) {
    case "starting":
      return (
        <main class="waiting-page" aria-busy="true">
          <Brand />
          <p role="status">Loading…</p>
        </main>
      );
    case "unreachable":
      return <Unreachable app={app} retryAtMs={phase.retryAtMs} text={phase.error.text} />;
    case "signed out":
      return <Entrance app={app} notice={phase.notice} />;
    case "signed in":
      return <ChatView key={phase.chat.user.id} app={app} chat={phase.chat} />;
  }
}

function Unreachable({ app, retryAtMs, text }: { app: App; retryAtMs: number; text: string }) {
  const seconds = useSecondsUntil(retryAtMs);
  return (
    <main class="waiting-page">
      <Brand />
      <p role="status">{text}</p>
      <p aria-hidden="true">Trying again in {spell(seconds)}.</p>
      <button class="button" type="button" onClick={() => void app.start()}>
        Try now
      </button>
    </main>
  );
}
