import type { Second } from "../../result.ts";
import { knowsLoad } from "../phases.ts";
import { drawnMs, legend, msAcross, panel, pointTooltip, upwards } from "./axes.ts";
import { type Figure, nothingToShow } from "./figure.ts";
import { latencyKinds } from "./latency_kinds.ts";
import { cloud, type Point } from "./scatter.ts";

/** Graph 1, second half: whether latency goes with load. */
export const loadByLatency: Figure = {
  id: "load-by-latency",
  title: "The server’s CPU load against latency",

  sentence() {
    return "Each point is one second; latency that grows with the load forms a cloud that leans to the right.";
  },

  option({ seconds }) {
    const series = latencyKinds
      .map(({ name, ink, of }) =>
        cloud(name, ink, [`${name}, ms`, "server’s load, cores"], seconds, pointOf(of)),
      )
      .filter(({ data }) => data?.length);
    if (series.length === 0) return nothingToShow("No second has both a load and a latency");
    return {
      legend,
      grid: panel,
      tooltip: pointTooltip,
      xAxis: msAcross("latency in that second, ms (logarithmic)"),
      yAxis: upwards("CPU load of the server, cores"),
      series,
    };
  },
};

function pointOf(of: (second: Second) => number | null) {
  return (second: Second): Point | null => {
    const ms = of(second);
    return ms === null || !knowsLoad(second) ? null : [drawnMs(ms), second.serverLoad];
  };
}
