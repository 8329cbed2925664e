import type { ScatterSeriesOption } from "echarts";
import { formatCount } from "../format.ts";
import { knowsLoad, volumeOf } from "../phases.ts";
import { across, legend, panel, pointTooltip, twoPanels, upwards } from "./axes.ts";
import { type Figure, nothingToShow } from "./figure.ts";
import { cloudsByPhase } from "./scatter.ts";

/** Graph 3. */
export const byUsers: Figure = {
  id: "by-users",
  title: "Message volume and CPU load against active users",

  sentence({ parameters, totals }) {
    const users = formatCount(totals.usersConnected);
    const rate = parameters.messagesPerUserSecond.toPrecision(2);
    return (
      `Each point is one second, with up to ${users} users who each send ${Number(rate)} messages/s; ` +
      "in shared channels more users are more senders and more receivers, so volume grows faster than they do."
    );
  },

  option(result) {
    const volume = cloudsByPhase(result, ["users", "deliveries per second"], (second) => [
      second.users,
      volumeOf(second),
    ]);
    const load = cloudsByPhase(result, ["users", "server’s load, cores"], (second) =>
      knowsLoad(second) ? [second.users, second.serverLoad] : null,
    );
    if (volume.length === 0) return nothingToShow("The run ended before its first second");
    if (load.length === 0) {
      return {
        legend,
        grid: panel,
        tooltip: pointTooltip,
        xAxis: across("users connected"),
        yAxis: upwards("deliveries per second"),
        series: volume,
      };
    }
    return {
      legend,
      grid: twoPanels,
      tooltip: pointTooltip,
      xAxis: [
        { ...across(""), gridIndex: 0, axisLabel: { show: false } },
        { ...across("users connected"), gridIndex: 1 },
      ],
      yAxis: [
        { ...upwards("deliveries per second"), gridIndex: 0 },
        { ...upwards("CPU load of the server, cores"), gridIndex: 1, splitNumber: 2 },
      ],
      series: [...inPanel(volume, 0), ...inPanel(load, 1)],
    };
  },
};

function inPanel(series: ScatterSeriesOption[], index: number): ScatterSeriesOption[] {
  return series.map((one) => ({ ...one, xAxisIndex: index, yAxisIndex: index }));
}
