import type { Chart, Line } from "./charts.ts";
import type { ColumnKey } from "./columns.ts";
import type { Drawn } from "./timeline.ts";
import type { Range, Watch } from "./watch.ts";

/** What a chart shows now. */
export interface ChartData {
  readonly lines: readonly Line[];
  /** Seconds since the Unix epoch. */
  readonly timesS: readonly number[];
  /** For each line a value for each time. */
  readonly values: readonly (readonly Drawn[])[];
  /** The newest value of each line, whatever is shown; NaN where there is none. */
  readonly latest: readonly number[];
  /** From where to where the time axis goes, in seconds. */
  readonly window: readonly [number, number];
}

/** The lines of a chart, those that the server tells of included. */
export function linesOf({ lines, linesOf }: Chart, keys: readonly ColumnKey[]): readonly Line[] {
  if (linesOf === undefined) return lines;
  const { prefix, label } = linesOf;
  const told = keys.filter((key) => key.startsWith(prefix));
  return [...lines, ...told.map((key) => ({ key, label: label(key.slice(prefix.length)) }))];
}

export function chartData(chart: Chart, watch: Watch, range: Range): ChartData {
  const { nowMs, pings, seconds } = watch;
  const timeline = watch.timelineOf(range.stepSeconds);
  const lines = linesOf(chart, timeline.keys());
  const view = timeline.view(nowMs - range.spanMs);
  return {
    lines,
    timesS: view.timesS,
    values: lines.map(({ key }) => {
      if (key === "ping") return pings.slowest(view.timesS, timeline.stepMs);
      const column = view.column(key);
      // Refusals are counted, and drawn by the second.
      return key.startsWith("refused.") ? column.map((count) => scaled(count, range)) : column;
    }),
    latest: lines.map(({ key }) =>
      key === "ping" ? pings.latest(nowMs - 5000) : seconds.latest(key),
    ),
    window: [(nowMs - range.spanMs) / 1000, nowMs / 1000],
  };
}

function scaled(count: Drawn, { stepSeconds }: Range): Drawn {
  return typeof count === "number" ? count / stepSeconds : count;
}
