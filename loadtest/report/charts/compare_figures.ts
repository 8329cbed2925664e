import type { BarSeriesOption, EChartsOption } from "echarts";
import { type Compared, latenciesOf, microsecondsPerDelivery } from "../compared.ts";
import { formatCount, formatMeasure } from "../format.ts";
import { percentileNames } from "../targets.ts";
import { axisTooltip, legend, panel, placesAcross, upwards } from "./axes.ts";
import { compared as inks, TEXT_PX } from "./theme.ts";

/** A graph with a bar for each run. */
export interface CompareFigure {
  readonly id: string;
  readonly title: string;
  option(runs: readonly Compared[]): EChartsOption;
}

const PERCENTILES = ["p50", "p90", "p95", "p99"] as const;

/** Up to p99: a bar for the slowest of a million deliveries would dwarf all others. */
const latencies: CompareFigure = {
  id: "compare-latency",
  title: "Delivery latency",
  option(runs) {
    const { of } = latenciesOf(runs.map(({ result }) => result));
    return {
      ...bars(
        "percentile",
        PERCENTILES.map((percentile) => percentileNames[percentile]),
        "delivery latency, ms",
      ),
      series: runs.map(({ name, result }, index) => ({
        ...bar(name, index),
        data: of(result).delivery.count
          ? PERCENTILES.map((percentile) => of(result).delivery[percentile])
          : [],
      })),
    };
  },
};

const volume: CompareFigure = single(
  "compare-volume",
  "Message volume",
  "deliveries per second",
  ({ result }) => result.volume.plateauPerSecond,
  formatCount,
);

const load: CompareFigure = single(
  "compare-load",
  "The server’s CPU load",
  "cores",
  ({ result }) => result.load.serverPlateau || null,
);

const cost: CompareFigure = single(
  "compare-cost",
  "CPU time for each delivery",
  "µs",
  ({ result }) => microsecondsPerDelivery(result),
);

export const compareFigures: readonly CompareFigure[] = [latencies, volume, load, cost];

function single(
  id: string,
  title: string,
  unit: string,
  of: (run: Compared) => number | null,
  format = formatMeasure,
): CompareFigure {
  return {
    id,
    title,
    option: (runs) => ({
      ...bars("", [""], unit),
      series: runs.map((run, index) => ({ ...bar(run.name, index, format), data: [of(run)] })),
    }),
  };
}

function bars(across: string, places: readonly string[], unit: string): EChartsOption {
  return {
    legend,
    grid: panel,
    tooltip: axisTooltip,
    xAxis: { ...placesAcross(across, places), splitLine: { show: false } },
    yAxis: upwards(unit),
  };
}

function bar(name: string, index: number, format = formatMeasure): BarSeriesOption {
  return {
    type: "bar",
    name,
    barMaxWidth: 64,
    barGap: "8%",
    labelLayout: { hideOverlap: true },
    itemStyle: { color: inks[index % inks.length] ?? inks[0] },
    label: {
      show: true,
      position: "top",
      fontSize: TEXT_PX,
      formatter: ({ value }) => format(Number(value)),
    },
  };
}
