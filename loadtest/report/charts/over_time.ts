import type { LineSeriesOption } from "echarts";
import type { Result, Second } from "../../result.ts";
import { formatCores, formatCount, formatDuration } from "../format.ts";
import { knowsLoad, plateauOf, volumeOf } from "../phases.ts";
import { across, axisTooltip, legend, twoPanels, upwards } from "./axes.ts";
import { type Figure, nothingToShow } from "./figure.ts";
import { colour } from "./theme.ts";

/** Graph 2. */
export const overTime: Figure = {
  id: "over-time",
  title: "Message volume and CPU load over the time of the run",

  sentence(result) {
    const plateau = plateauOf(result);
    const { volume, load, totals } = result;
    if (plateau === null) {
      return `Never all users were connected; the volume reached ${formatCount(volume.peakPerSecond)} deliveries/s.`;
    }
    const length = formatDuration(plateau.toSeconds - plateau.fromSeconds + 1);
    return (
      `With all ${formatCount(totals.usersConnected)} users connected (shaded, ${length}) the volume was ` +
      `${formatCount(volume.plateauPerSecond)} deliveries/s, the server’s load ${formatCores(load.serverPlateau)} ` +
      `and the tester’s ${formatCores(load.testerPlateau)}.`
    );
  },

  option(result) {
    const { seconds } = result;
    if (seconds.length === 0) return nothingToShow("The run ended before its first second");
    const volume = line("message volume", colour.volume, seconds, volumeOf);
    const server = line("server’s load", colour.serverLoad, seconds, (second) =>
      knowsLoad(second) ? second.serverLoad : null,
    );
    const tester = line("tester’s load", colour.testerLoad, seconds, (second) => second.testerLoad);
    return {
      legend,
      grid: twoPanels,
      tooltip: axisTooltip,
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      xAxis: [
        { ...across(""), gridIndex: 0, max: "dataMax", axisLabel: { show: false } },
        {
          ...across("seconds since the beginning of the run"),
          gridIndex: 1,
          max: "dataMax",
          // The last second is no round number, and its label would be cut off.
          axisLabel: { showMaxLabel: false },
        },
      ],
      yAxis: [
        { ...upwards("deliveries per second"), gridIndex: 0 },
        { ...upwards("CPU load, cores"), gridIndex: 1, splitNumber: 2 },
      ],
      series: [
        {
          ...volume,
          ...plateauShade(result, "all users connected"),
          areaStyle: { color: colour.volume, opacity: 0.15 },
        },
        ...(seconds.some(knowsLoad) ? [{ ...server, ...BELOW }] : []),
        { ...tester, ...BELOW, ...plateauShade(result, "") },
      ],
    };
  },
};

/** In the lower panel. */
const BELOW = { xAxisIndex: 1, yAxisIndex: 1 };

function line(
  name: string,
  ink: string,
  seconds: readonly Second[],
  of: (second: Second) => number | null,
): LineSeriesOption {
  return {
    type: "line",
    name,
    data: seconds.map((second) => [second.atSeconds, of(second)]),
    // A line needs two points.
    showSymbol: seconds.length < 3,
    // A soak has more seconds than a screen has columns; this keeps the peaks.
    sampling: "minmax",
    lineStyle: { color: ink, width: 1.8 },
    itemStyle: { color: ink },
  };
}

/** The share of the width that the name of the plateau needs. */
const ROOM_FOR_NAME = 0.3;

function plateauShade(result: Result, name: string): LineSeriesOption {
  const plateau = plateauOf(result);
  if (plateau === null) return {};
  const share = (plateau.toSeconds - plateau.fromSeconds) / result.seconds.length;
  return {
    markArea: {
      silent: true,
      itemStyle: { color: colour.testerLoad, opacity: 0.12 },
      label: { position: "insideBottom" },
      data: [
        [
          { name: share < ROOM_FOR_NAME ? "" : name, xAxis: plateau.fromSeconds },
          { xAxis: plateau.toSeconds },
        ],
      ],
    },
  };
}
