import { useEffect, useRef, useState } from "preact/hooks";
import { type ChartData, chartData } from "./chart_data.ts";
import type { Chart } from "./charts.ts";
import { onSchemeChange } from "./colors.ts";
import { formatted, timeOfDay, type Unit } from "./format.ts";
import { LineSample } from "./line_sample.tsx";
import { Plot } from "./plot.ts";
import type { Range, Watch } from "./watch.ts";

/** Rows in the table that stands for a chart. */
const TABLE_ROWS = 30;

/** One chart: what it is now, how it went, and the same as a table. */
export function ChartCard({ chart, watch }: { chart: Chart; watch: Watch }) {
  // Drawn anew each second: what is read below may be another by then.
  void watch.changes.value;
  const data = chartData(chart, watch, watch.range.value);
  const [pointed, setPointed] = useState<number>();
  const [isTableOpen, setTableOpen] = useState(false);
  const row = pointed !== undefined && pointed < data.timesS.length ? pointed : undefined;
  const atMost = chart.targets?.[0]?.atMost;
  return (
    <figure class="chart" aria-labelledby={`${chart.id}-title`} data-chart={chart.id}>
      <figcaption>
        <h2 id={`${chart.id}-title`}>{chart.title}</h2>
        <p class="soft">
          {chart.note}
          {atMost !== undefined && ` Target: at most ${formatted(atMost, chart.unit)}.`}
        </p>
      </figcaption>
      <ul class="values">
        {data.lines.map(({ key, label }, index) => (
          <li key={key}>
            <LineSample index={index} />
            <span class="label">{label}</span>
            <span class="value">
              {formatted(
                row === undefined ? data.latest[index] : data.values[index]?.[row],
                chart.unit,
              )}
            </span>
          </li>
        ))}
      </ul>
      <p class="soft">{emptyText(data, watch.range.value)}</p>
      <PlotPlace
        // Another number of lines is another plot.
        key={data.lines.map(({ key }) => key).join()}
        chart={chart}
        data={data}
        row={row}
        onPoint={setPointed}
      />
      <details onToggle={(event) => setTableOpen((event.currentTarget as HTMLDetailsElement).open)}>
        <summary>
          As a table<span class="unseen"> – {chart.title}</span>
        </summary>
        {isTableOpen && <Table chart={chart} data={data} />}
      </details>
    </figure>
  );
}

/** Why there is nothing to see; empty where there is. */
function emptyText({ lines, timesS }: ChartData, { stepSeconds }: Range): string {
  if (timesS.length === 0) {
    return stepSeconds === 1
      ? "No figures yet."
      : `No figures yet: here one comes every ${stepSeconds} seconds.`;
  }
  return lines.length === 0 ? "None so far." : "";
}

interface PlotPlaceProps {
  readonly chart: Chart;
  readonly data: ChartData;
  readonly row: number | undefined;
  readonly onPoint: (row: number | undefined) => void;
}

/** The drawing. With the keyboard, arrows move through time as a pointer does. */
function PlotPlace({ chart, data, row, onPoint }: PlotPlaceProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot>(undefined);
  useEffect(() => {
    if (place.current === null) return;
    const drawn = new Plot({ place: place.current, chart, data, onPoint });
    plot.current = drawn;
    const stop = onSchemeChange(() => drawn.redraw());
    return () => {
      stop();
      drawn.destroy();
    };
  }, []);
  useEffect(() => plot.current?.show(data));

  const last = data.timesS.length - 1;
  const move = (event: KeyboardEvent) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30 }[event.key];
    const from = row ?? last;
    let to: number | undefined;
    if (steps !== undefined) to = Math.max(0, Math.min(last, from + steps));
    else if (event.key === "Home") to = 0;
    else if (event.key === "End") to = last;
    else if (event.key !== "Escape") return;
    event.preventDefault();
    plot.current?.point(to);
  };
  const at = row ?? last;
  return (
    <div
      ref={place}
      class="plot"
      role="slider"
      tabIndex={0}
      aria-label={`${chart.title}: move through time`}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, last)}
      aria-valuenow={Math.max(0, at)}
      aria-valuetext={summary(chart, data, at)}
      onKeyDown={move}
      onBlur={() => plot.current?.point(undefined)}
    />
  );
}

/** A row of a chart in words. */
function summary({ unit }: Chart, { lines, timesS, values }: ChartData, row: number): string {
  const timeS = timesS[row];
  if (timeS === undefined) return "Nothing so far.";
  const told = lines.map(({ label }, index) => `${label} ${valueText(values[index]?.[row], unit)}`);
  return `${timeOfDay(timeS * 1000, true)}: ${told.join(", ")}`;
}

function Table({ chart, data }: { chart: Chart; data: ChartData }) {
  const { lines, timesS, values } = data;
  const rows = timesS.map((_, row) => row).slice(-TABLE_ROWS);
  return (
    <section class="table" aria-label={`${chart.title}: the last rows`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {lines.map(({ key, label }) => (
              <th key={key} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.reverse().map((row) => (
            <tr key={timesS[row]}>
              <th scope="row">{timeOfDay((timesS[row] ?? 0) * 1000, true)}</th>
              {lines.map(({ key }, index) => (
                <td key={key}>{valueText(values[index]?.[row], chart.unit)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function valueText(value: number | null | undefined, unit: Unit): string {
  if (value === null) return "no data";
  return value === undefined ? "nothing measured" : formatted(value, unit);
}
