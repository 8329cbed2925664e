import { render } from "preact";
import { useEffect } from "preact/hooks";
import { Brand } from "../chat/icons.tsx";
import { App } from "./app.ts";
import { Dashboard } from "./dashboard.tsx";
import { Entrance } from "./entrance.tsx";
import type { Watch } from "./watch.ts";

function Page({ app }: { app: App }) {
  const phase = app.phase.value;
  switch (phase.kind) {
    case "signed in":
      return <SignedIn app={app} watch={phase.watch} />;
    case "signed out":
      return <Entrance app={app} notice={phase.notice} />;
    default:
      return (
        <main class="waiting-page">
          <Brand />
          <p role="status">
            {phase.kind === "starting" ? "Loading…" : `${phase.error.text} Trying again…`}
          </p>
        </main>
      );
  }
}

function SignedIn({ app, watch }: { app: App; watch: Watch }) {
  const state = watch.state.value;
  const isOver = state.kind === "stopped" && state.error.action === "sign in again";
  useEffect(() => {
    if (isOver) app.signedOut("You were signed out. Sign in to go on.");
  }, [isOver]);
  return <Dashboard app={app} watch={watch} />;
}

const place = document.getElementById("page");
if (place !== null) {
  const app = new App();
  render(<Page app={app} />, place);
  void app.start();
}
