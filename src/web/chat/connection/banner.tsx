import type { ComponentChildren } from "preact";
import { spell, useSecondsUntil } from "../countdown.ts";
import { Icon } from "../icons.tsx";
import type { Link, LinkState } from "./link.ts";

/** How the page stands with the server, where that is not simply well. */
export function ConnectionBanner({ link }: { link: Link }) {
  const state = link.state.value;
  const isOffline = link.isOffline.value;
  const slowBytes = link.slowBytes.value;
  return (
    <div class="connection">
      {/* What is counted down is for the eye alone; this says when something changes. */}
      <p class="unseen" role="status">
        {slowBytes > 0 && state.kind === "online" ? slowly(slowBytes) : said(state, isOffline)}
      </p>
      <div aria-hidden={state.kind !== "waiting" && state.kind !== "stopped"}>
        {state.kind === "online" && slowBytes > 0 && (
          <Line kind="warning">{slowly(slowBytes)}</Line>
        )}
        <Shown link={link} state={state} isOffline={isOffline} />
      </div>
    </div>
  );
}

function Shown({ link, state, isOffline }: { link: Link; state: LinkState; isOffline: boolean }) {
  switch (state.kind) {
    case "online":
      return isOffline ? <Line kind="warning">{said(state, true)}</Line> : null;
    case "back":
      return <Line kind="good">Connected again.</Line>;
    case "connecting":
      return <Line kind="calm">{isOffline ? said(state, true) : "Connecting…"}</Line>;
    case "catching up":
      return <Line kind="calm">Catching up…</Line>;
    case "waiting":
      return <Waiting link={link} state={state} isOffline={isOffline} />;
    case "stopped":
      return (
        <Line kind="danger">
          <span>{said(state, false)}</span>
          <button class="button small" type="button" onClick={() => location.reload()}>
            Load again
          </button>
        </Line>
      );
  }
}

function Waiting({
  link,
  state,
  isOffline,
}: {
  link: Link;
  state: LinkState & { kind: "waiting" };
  isOffline: boolean;
}) {
  const seconds = useSecondsUntil(state.retryAtMs);
  return (
    <Line kind="warning">
      <span>
        {said(state, isOffline)}{" "}
        <span class="countdown">
          {seconds > 0 ? `Next try in ${spell(seconds)}.` : "Trying again…"}
        </span>
      </span>
      <button class="button small" type="button" onClick={() => link.retryNow()}>
        Try now
      </button>
    </Line>
  );
}

function Line({
  kind,
  children,
}: {
  kind: "calm" | "good" | "warning" | "danger";
  children: ComponentChildren;
}) {
  return (
    <div class={`notice ${kind} connection-line`}>
      <Icon name={kind === "good" ? "check" : "alert"} />
      {children}
    </div>
  );
}

function said(state: LinkState, isOffline: boolean): string {
  if (isOffline) return "You are offline. What you write is kept here and sent later.";
  switch (state.kind) {
    case "online":
      return "";
    case "back":
      return "Connected again.";
    case "connecting":
      return "Connecting.";
    case "catching up":
      return "Catching up.";
    case "waiting":
      return state.isGoingAway
        ? "The server is being restarted. What you write is kept here and sent later."
        : "The connection was lost. What you write is kept here and sent later.";
    case "stopped":
      return state.error?.text ?? "The connection has ended.";
  }
}

function slowly(bytes: number): string {
  return `Your connection is slow: ${Math.ceil(bytes / 1024)} KiB wait for it.`;
}
