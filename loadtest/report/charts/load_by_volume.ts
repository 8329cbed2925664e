import { formatCores, formatCount, formatMeasure } from "../format.ts";
import { knowsLoad, volumeOf } from "../phases.ts";
import { across, legend, panel, pointTooltip, upwards } from "./axes.ts";
import { type Figure, nothingToShow } from "./figure.ts";
import { cloudsByPhase } from "./scatter.ts";

/** Graph 1, first half: what the volume costs. */
export const loadByVolume: Figure = {
  id: "load-by-volume",
  title: "The server’s CPU load against message volume",

  sentence({ load, volume }) {
    if (load.serverPlateau === 0 || volume.plateauPerSecond === 0) {
      return "Each point is one second of the run.";
    }
    const microseconds = (load.serverPlateau / volume.plateauPerSecond) * 1e6;
    return (
      `Each point is one second: at ${formatCount(volume.plateauPerSecond)} deliveries/s the server used ` +
      `${formatCores(load.serverPlateau)}, ${formatMeasure(microseconds)} µs for each delivery.`
    );
  },

  option(result) {
    const series = cloudsByPhase(
      result,
      ["deliveries per second", "server’s load, cores"],
      (second) => (knowsLoad(second) ? [volumeOf(second), second.serverLoad] : null),
    );
    if (series.length === 0) return nothingToShow("No pong came back, so no load is known");
    return {
      legend,
      grid: panel,
      tooltip: pointTooltip,
      xAxis: across("message volume, deliveries per second"),
      yAxis: upwards("CPU load of the server, cores"),
      series,
    };
  },
};
