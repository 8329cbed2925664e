import type {
  EChartsOption,
  LineSeriesOption,
  ScatterSeriesOption,
  XAXisComponentOption,
} from "echarts";
import type { Sweep } from "../../sweep.ts";
import { isSound, type Medians, sweepMedians } from "../swept.ts";
import {
  across,
  drawnMs,
  legend,
  msUpwards,
  panel,
  placesAcross,
  pointTooltip,
  upwards,
} from "./axes.ts";
import { colour } from "./theme.ts";

/** A graph of something against the setting's value: a point a run, the medians joined. */
export interface SweepFigure {
  readonly id: string;
  readonly title: string;
  option(sweep: Sweep): EChartsOption;
}

const latency: SweepFigure = {
  id: "sweep-latency",
  title: "Delivery latency",
  option: (sweep) => ({
    ...common(sweep),
    yAxis: msUpwards("delivery latency, ms (logarithmic)"),
    series: [
      ...drawn(sweep, "p99", colour.p99, ({ p99Ms }) => drawnMs(p99Ms)),
      ...drawn(sweep, "p90", colour.p90, ({ p90Ms }) => drawnMs(p90Ms)),
      ...drawn(sweep, "p50", colour.median, ({ p50Ms }) => drawnMs(p50Ms)),
    ],
  }),
};

const cpu: SweepFigure = {
  id: "sweep-cpu",
  title: "The server’s CPU",
  option: (sweep) => ({
    ...common(sweep),
    yAxis: [
      upwards("load, cores"),
      {
        ...upwards("µs for each delivery"),
        position: "right",
        alignTicks: true,
        nameTextStyle: { align: "right" },
        splitLine: { show: false },
      },
    ],
    series: [
      ...drawn(sweep, "load", colour.serverLoad, ({ serverLoad }) => serverLoad),
      ...drawn(
        sweep,
        "for each delivery",
        colour.cost,
        ({ cpuMicroseconds }) => cpuMicroseconds,
        1,
      ),
    ],
  }),
};

export const sweepFigures: readonly SweepFigure[] = [latency, cpu];

function common(sweep: Sweep) {
  return { legend, grid: panel, tooltip: pointTooltip, xAxis: xAxisOf(sweep) };
}

function xAxisOf(sweep: Sweep): XAXisComponentOption {
  const { setting, values } = sweep;
  return isNumeric(sweep) ? across(setting) : placesAcross(setting, values);
}

/** Whether the values have distances; `default`, `on` or an empty one have none. */
function isNumeric({ values }: Sweep): boolean {
  return values.every((value) => value.trim() !== "" && Number.isFinite(Number(value)));
}

function drawn(
  sweep: Sweep,
  name: string,
  ink: string,
  of: (figures: Medians) => number | null,
  yAxisIndex = 0,
): (LineSeriesOption | ScatterSeriesOption)[] {
  const place = ({ value }: Medians) => (isNumeric(sweep) ? Number(value) : value);
  const point = (figures: Medians) => [place(figures), of(figures) ?? "-"];
  const medians = sweepMedians(sweep);
  // A line joins its points in their order.
  if (isNumeric(sweep)) medians.sort((one, other) => Number(one.value) - Number(other.value));
  return [
    {
      ...{ type: "line", name, yAxisIndex, showSymbol: false, silent: true },
      lineStyle: { color: ink, width: 2 },
      itemStyle: { color: ink },
      data: medians.map(point),
    },
    {
      ...{ type: "scatter", name, yAxisIndex, symbolSize: 7 },
      itemStyle: { color: ink },
      data: sweep.runs.map((run) => ({
        value: point(run),
        symbol: isSound(run) ? "circle" : "emptyCircle",
      })),
    },
  ];
}
