import type { BoxplotSeriesOption } from "echarts";
import type { Second } from "../../result.ts";
import { formatCount } from "../format.ts";
import { fiveNumbers, type VolumeBin, volumeBins } from "../volume_bins.ts";
import { drawnMs, legend, msUpwards, panel, placesAcross, pointTooltip } from "./axes.ts";
import { type Figure, nothingToShow } from "./figure.ts";
import { latencyKinds } from "./latency_kinds.ts";

/** Graph 4. */
export const latencyByVolume: Figure = {
  id: "latency-by-volume",
  title: "Latency by message volume",

  sentence() {
    return (
      "The seconds sorted by volume: a box holds the middle half of them, its line is their median, " +
      "and the whiskers reach the fastest and the slowest second."
    );
  },

  option({ seconds }) {
    const bins = volumeBins(seconds);
    const series = latencyKinds.flatMap(({ name, ink, of }) => boxes(name, ink, bins, of) ?? []);
    if (series.length === 0) return nothingToShow("No latency was measured");
    return {
      legend,
      grid: panel,
      tooltip: pointTooltip,
      xAxis: placesAcross(
        `message volume, ${inThousands(bins) ? "thousands of " : ""}deliveries per second`,
        bins.map(labelOf(inThousands(bins))),
      ),
      yAxis: msUpwards("delivery p50, p99 and ping of each second, ms (logarithmic)"),
      series,
    };
  },
};

/** Labels of seven bins have to stand side by side. */
function inThousands(bins: readonly VolumeBin[]): boolean {
  return bins.every(({ from, to }) => to - from >= 1000);
}

function labelOf(thousands: boolean): (bin: VolumeBin) => string {
  const unit = thousands ? 1000 : 1;
  return ({ from, to }) => `${formatCount(from / unit)}–${formatCount(to / unit)}`;
}

function boxes(
  name: string,
  ink: string,
  bins: readonly VolumeBin[],
  of: (second: Second) => number | null,
): BoxplotSeriesOption | null {
  const boxOf = (bin: VolumeBin) =>
    fiveNumbers(bin.seconds.flatMap((second) => of(second) ?? []).map(drawnMs));
  const data = bins.map(boxOf);
  if (data.every((box) => box === null)) return null;
  return {
    type: "boxplot",
    name,
    // A bin without a measurement keeps its place, empty.
    data: data.map((box) => (box === null ? Array<"-">(5).fill("-") : [...box])),
    itemStyle: { color: `${ink}40`, borderColor: ink, borderWidth: 1.5 },
    boxWidth: [4, 22],
  };
}
