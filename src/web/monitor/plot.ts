import uPlot from "uplot";
import type { ChartData } from "./chart_data.ts";
import type { Chart } from "./charts.ts";
import { colorOf, lineColor, lineDash } from "./colors.ts";
import { formatted, timeOfDay } from "./format.ts";

/** All charts show the same moment when one is pointed at. */
const sync = uPlot.sync("monitor");
const LEAST = { width: 200, height: 200 };
const FONT = "12px system-ui, sans-serif";
/** A logarithmic scale has no zero: what is less is drawn at its foot. */
const SMALLEST = 0.001;
const MINUTE_S = 60;

interface PlotOptions {
  readonly place: HTMLElement;
  readonly chart: Chart;
  readonly data: ChartData;
  /** Told the row that is pointed at; undefined for none. */
  readonly onPoint: (row: number | undefined) => void;
}

/** Draws a chart, and keeps it as wide as its place. */
export class Plot {
  readonly #plot: uPlot;
  readonly #chart: Chart;
  readonly #resize: ResizeObserver;
  #window: readonly [number, number];

  constructor({ place, chart, data, onPoint }: PlotOptions) {
    this.#chart = chart;
    this.#window = data.window;
    this.#plot = new uPlot(
      {
        ...sizeOf(place),
        legend: { show: false },
        // Half of a time beside the last tick, half of a value above the highest.
        padding: [10, 20, 0, 0],
        cursor: { sync: { key: sync.key }, drag: { setScale: false, x: false, y: false } },
        scales: {
          x: { range: () => [...this.#window] },
          y: {
            distr: chart.isLogarithmic ? 3 : 1,
            range: (_, min, max) => yRange(chart, min, max),
          },
        },
        axes: [timeAxis(), valueAxis(chart)],
        series: [{}, ...data.lines.map(({ label }, index) => lineSeries(label, index))],
        hooks: {
          draw: [(plot) => this.#drawTargets(plot)],
          setCursor: [(plot) => onPoint(plot.cursor.idx ?? undefined)],
        },
      },
      this.#aligned(data),
      place,
    );
    this.#resize = new ResizeObserver(() => {
      this.#plot.setSize(sizeOf(place));
    });
    this.#resize.observe(place);
  }

  show(data: ChartData): void {
    this.#window = data.window;
    this.#plot.setData(this.#aligned(data));
  }

  /** Points at a row, here and in the other charts; undefined at none. */
  point(row: number | undefined): void {
    const timeS = row === undefined ? undefined : this.#plot.data[0]?.[row];
    const left = timeS === undefined ? -10 : this.#plot.valToPos(timeS, "x");
    this.#plot.setCursor({ left, top: timeS === undefined ? -10 : LEAST.height / 3 });
  }

  /** In the colours of now. */
  redraw(): void {
    this.#plot.redraw(false, true);
  }

  destroy(): void {
    this.#resize.disconnect();
    this.#plot.destroy();
  }

  #aligned({ timesS, values }: ChartData): uPlot.AlignedData {
    const drawn = this.#chart.isLogarithmic
      ? values.map((line) =>
          line.map((value) => (typeof value === "number" ? Math.max(SMALLEST, value) : value)),
        )
      : values;
    return [[...timesS], ...drawn.map((line) => [...line])];
  }

  #drawTargets(plot: uPlot): void {
    const { targets = [], unit } = this.#chart;
    const { ctx, bbox } = plot;
    const ratio = uPlot.pxRatio;
    ctx.save();
    ctx.strokeStyle = colorOf("--target");
    ctx.fillStyle = colorOf("--target");
    ctx.lineWidth = 1.5 * ratio;
    ctx.setLineDash([6 * ratio, 4 * ratio]);
    ctx.font = `${12 * ratio}px system-ui, sans-serif`;
    ctx.textAlign = "left";
    for (const atMost of new Set(targets.map((target) => target.atMost))) {
      const y = Math.round(plot.valToPos(atMost, "y", true));
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      const isNearTop = y - bbox.top < 18 * ratio;
      ctx.textBaseline = isNearTop ? "top" : "bottom";
      const text = `target: at most ${formatted(atMost, unit)}`;
      const [left, base] = [bbox.left + 6 * ratio, y + (isNearTop ? 5 : -4) * ratio];
      // Lines that pass behind it do not make it hard to read.
      ctx.save();
      ctx.setLineDash([]);
      ctx.strokeStyle = colorOf("--surface");
      ctx.lineWidth = 4 * ratio;
      ctx.strokeText(text, left, base);
      ctx.restore();
      ctx.fillText(text, left, base);
    }
    ctx.restore();
  }
}

function sizeOf({ clientWidth, clientHeight }: HTMLElement): typeof LEAST {
  const [width, height] = [
    Math.max(LEAST.width, clientWidth),
    Math.max(LEAST.height, clientHeight),
  ];
  return { width, height };
}

/** From 0, or from the power of ten below, to a little above everything, targets included. */
function yRange({ isLogarithmic, targets = [], unit }: Chart, min: number, max: number) {
  const highest = Math.max(max ?? 0, ...targets.map(({ atMost }) => atMost));
  if (isLogarithmic) {
    const top = highest > 0 ? highest * 1.6 : 10;
    const low = Math.min(min > 0 ? min : 0.1, top / 100);
    return [10 ** Math.floor(Math.log10(Math.max(SMALLEST, low))), top] as [number, number];
  }
  const smallest = unit === "cores" ? 1 : unit === "bytes" ? 1024 : 1;
  return [0, Math.max(smallest, highest * 1.1)] as [number, number];
}

function lineSeries(label: string, index: number): uPlot.Series {
  return {
    label,
    stroke: () => lineColor(index),
    width: 1.75,
    dash: lineDash(index),
    spanGaps: false,
    points: { size: 4 },
  };
}

function powersOfTen(min: number, max: number): number[] {
  const first = Math.ceil(Math.log10(min) - 1e-9);
  const count = Math.floor(Math.log10(max)) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => 10 ** (first + index));
}

/** Of bytes: what is round in KiB, MiB and GiB. */
const powersOfTwo = Array.from({ length: 50 }, (_, power) => 2 ** power);

function axis(): uPlot.Axis {
  return {
    stroke: () => colorOf("--ink-soft"),
    font: FONT,
    grid: { stroke: () => colorOf("--grid"), width: 1 },
    ticks: { stroke: () => colorOf("--grid"), width: 1, size: 4 },
  };
}

function timeAxis(): uPlot.Axis {
  return {
    ...axis(),
    size: 30,
    space: 50,
    values: (_, splits) => {
      const step = (splits[1] ?? 0) - (splits[0] ?? 0);
      return splits.map((timeS) => timeOfDay(timeS * 1000, step < MINUTE_S));
    },
  };
}

function valueAxis({ unit, isLogarithmic }: Chart): uPlot.Axis {
  return {
    ...axis(),
    size: 66,
    space: 32,
    ...(isLogarithmic ? { splits: (_, __, min, max) => powersOfTen(min, max) } : {}),
    ...(unit === "bytes" ? { incrs: powersOfTwo } : {}),
    values: (_, splits) => splits.map((value) => (value === null ? "" : formatted(value, unit))),
  };
}
