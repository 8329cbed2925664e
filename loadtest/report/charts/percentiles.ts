import type { LineSeriesOption, ScatterSeriesOption } from "echarts";
import type { Latency, Result } from "../../result.ts";
import { formatCount, formatMeasure, formatMs } from "../format.ts";
import { type Percentile, percentileNames, percentiles, targetsOf } from "../targets.ts";
import { axisTooltip, drawnMs, legend, msUpwards, panel, placesAcross } from "./axes.ts";
import { type Figure, nothingToShow } from "./figure.ts";
import { colour } from "./theme.ts";

/** Graph 5. */
export const latencyPercentiles: Figure = {
  id: "percentiles",
  title: "Delivery latency and its targets",

  sentence({ latencyMs: { delivery } }) {
    if (delivery.count === 0) return "Nothing was delivered, so there is no latency to show.";
    return (
      `Of ${formatCount(delivery.count)} deliveries, half arrived within ${formatMs(delivery.p50)} of when their ` +
      `message was due, 99 in 100 within ${formatMs(delivery.p99)}, and the slowest within ${formatMs(delivery.max)}.`
    );
  },

  option(result) {
    const { latencyMs, plateauLatencyMs } = result;
    if (latencyMs.delivery.count === 0) return nothingToShow("Nothing was delivered");
    const curves = [
      curve("delivery", latencyMs.delivery, colour.volume, "solid"),
      curve("delivery, all users connected", plateauLatencyMs?.delivery, colour.median, "dashed"),
    ];
    return {
      legend,
      grid: { ...panel, bottom: 44 },
      tooltip: axisTooltip,
      xAxis: {
        ...placesAcross("percentile", percentiles.map(placeOf(latencyMs.delivery))),
        nameGap: 42,
      },
      yAxis: msUpwards("latency, ms (logarithmic)"),
      series: [...curves.filter(({ data }) => data?.length), targetMarks(result)],
    };
  },
};

/** A percentile and its value. Written below the graph, where no curve can cross it. */
function placeOf(delivery: Latency): (percentile: Percentile) => string {
  return (percentile) => `${percentileNames[percentile]}\n${formatMs(delivery[percentile])}`;
}

type Stroke = "solid" | "dashed";

function curve(
  name: string,
  latency: Latency | undefined,
  ink: string,
  stroke: Stroke,
): LineSeriesOption {
  const known = latency !== undefined && latency.count > 0;
  return {
    type: "line",
    name,
    data: known ? percentiles.map((percentile) => drawnMs(latency[percentile])) : [],
    symbol: "circle",
    symbolSize: stroke === "solid" ? 8 : 5,
    lineStyle: { color: ink, width: stroke === "solid" ? 2.5 : 1.5, type: stroke },
    itemStyle: { color: ink },
  };
}

/** A dash for each target: green or red for what was asked for, grey for the standing ones. */
function targetMarks(result: Result): ScatterSeriesOption {
  return {
    type: "scatter",
    name: "target",
    symbol: "rect",
    symbolSize: [46, 3],
    itemStyle: { color: colour.target },
    label: { show: true },
    data: targetsOf(result).map(({ percentile, atMostMs, actualMs, asked, holds }) => ({
      value: [percentiles.indexOf(percentile), drawnMs(atMostMs)],
      itemStyle: {
        color: asked ? (holds ? colour.kept : colour.broken) : colour.target,
        opacity: 1,
      },
      label: {
        // Away from the curve.
        position: actualMs > atMostMs ? "bottom" : "top",
        formatter: `≤ ${formatMeasure(atMostMs)}${asked ? (holds ? " ✓" : " ✗") : ""}`,
      },
    })),
  };
}
