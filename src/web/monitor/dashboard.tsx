import { Brand } from "../chat/icons.tsx";
import type { App } from "./app.ts";
import { ChartCard } from "./chart_card.tsx";
import { charts } from "./charts.ts";
import { formatted, timeOfDay } from "./format.ts";
import type { LineState } from "./line.ts";
import { missedSentence, missedTargets, slowestStage } from "./status.ts";
import { ranges, type Watch } from "./watch.ts";

/** What a monitor sees. */
export function Dashboard({ app, watch }: { app: App; watch: Watch }) {
  if (watch.mayRead.value === false) return <NotAllowed app={app} watch={watch} />;
  return (
    <>
      <Header app={app} watch={watch} />
      <main>
        <Status watch={watch} />
        <Ranges watch={watch} />
        <div class="charts">
          {charts.map((chart) => (
            <ChartCard key={chart.id} chart={chart} watch={watch} />
          ))}
        </div>
      </main>
    </>
  );
}

function Header({ app, watch }: { app: App; watch: Watch }) {
  return (
    <header>
      <h1 class="brand">
        <Brand />
        Hubbub monitor
      </h1>
      <Connection watch={watch} />
      <a href="/">Chat</a>
      <span class="who">{watch.user.name}</span>
      <button class="button small" type="button" onClick={() => void app.signOut()}>
        Sign out
      </button>
    </header>
  );
}

function Connection({ watch }: { watch: Watch }) {
  void watch.changes.value;
  const state = watch.state.value;
  return (
    <p class={`connection ${state.kind}`}>
      <span role="status">{connectionText(state)}</span>
      {state.kind === "waiting" && (
        <button class="button small" type="button" onClick={() => watch.tryNow()}>
          Try now
        </button>
      )}
    </p>
  );
}

/** Read out when it changes, so without the seconds, which would be read out one by one. */
function connectionText(state: LineState): string {
  switch (state.kind) {
    case "online":
      return "Live";
    case "connecting":
      return "Connecting…";
    case "waiting":
      return `No connection. Next try at ${timeOfDay(state.retryAtMs, true)}.`;
    default:
      return state.error.text;
  }
}

/** In words: how it stands, and where the time goes. */
function Status({ watch }: { watch: Watch }) {
  void watch.changes.value;
  const { seconds } = watch;
  const isThere = seconds.timesMs.length > 0;
  const missed = missedTargets(seconds, watch.pings, watch.nowMs);
  const isLive = watch.state.value.kind === "online";
  const key = isThere && isLive ? (missed.length === 0 ? "good" : "missed") : "unknown";
  return (
    <section class={`status ${key}`} aria-label="Status">
      {/* Read out when it changes, and so without figures, which change each second. */}
      <p role="status" class={key === "missed" ? "unseen" : "verdict"}>
        {!isThere && "Waiting for the first figures…"}
        {isThere && !isLive && "What follows is what was known last."}
        {key === "good" && "All within their targets."}
        {key === "missed" &&
          `Above target: ${missed.map(({ target }) => target.subject).join(", ")}`}
      </p>
      {key === "missed" &&
        missed.map((miss) => (
          <p class="verdict" key={miss.target.subject}>
            {missedSentence(miss, (timeMs) => timeOfDay(timeMs, true))}
          </p>
        ))}
      {isThere && <p>{slowestStage(seconds)}</p>}
      {isThere && <Headline watch={watch} />}
    </section>
  );
}

function Headline({ watch }: { watch: Watch }) {
  const { seconds, pings, nowMs } = watch;
  const figures = [
    { label: "ping", text: formatted(pings.latest(nowMs - 5000), "ms") },
    { label: "messages in", text: formatted(seconds.latest("messagesPerSecond"), "per second") },
    { label: "deliveries", text: formatted(seconds.latest("deliveriesPerSecond"), "per second") },
    { label: "main thread, cores", text: formatted(seconds.latest("mainThreadLoad"), "cores") },
    { label: "memory", text: formatted(seconds.latest("residentBytes"), "bytes") },
    { label: "connections", text: formatted(seconds.latest("connections"), "people") },
  ];
  return (
    <dl class="headline">
      {figures.map(({ label, text }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

function Ranges({ watch }: { watch: Watch }) {
  const shown = watch.range.value;
  return (
    <fieldset class="ranges">
      <legend class="unseen">How far back</legend>
      {ranges.map((range) => (
        <label key={range.label}>
          <input
            type="radio"
            name="range"
            checked={range.label === shown.label}
            onChange={() => watch.show(range)}
          />
          <span>{range.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** What an account without the role sees, and what would help. */
function NotAllowed({ app, watch }: { app: App; watch: Watch }) {
  const { name } = watch.user;
  return (
    <main class="entrance">
      <div class="card">
        <h1>Not for this account</h1>
        <p>
          <strong>{name}</strong> may not see the server's figures: that takes the role monitor or
          admin. Whoever runs the server can give it, on its machine:
        </p>
        <pre>
          <code>bun hubbub user role {name} monitor</code>
        </pre>
        <p class="soft">This page goes on by itself when that is done.</p>
        <div class="actions">
          <button class="button main" type="button" onClick={() => void app.signOut()}>
            Sign in as somebody else
          </button>
          <a class="button" href="/">
            To the chat
          </a>
        </div>
      </div>
    </main>
  );
}
