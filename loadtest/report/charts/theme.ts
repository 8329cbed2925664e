/**
 * The colours and types of every graph. A colour means the same in each of them, and each stands out
 * from both backgrounds by 3:1 at least (WCAG 1.4.11), so a graph's option needs to know nothing of
 * light and dark: only the theme given to `echarts.init` does.
 */
export const colour = {
  volume: "#3b7dd8",
  serverLoad: "#d96f0e",
  testerLoad: "#7d8590",
  cost: "#2f8fb3",
  median: "#0f9d8a",
  p90: "#a8791a",
  p99: "#8e63e6",
  ping: "#cf4f9e",
  target: "#7d8590",
  broken: "#e0484d",
  kept: "#3f9142",
  rampUp: "#d96f0e",
  plateau: "#3b7dd8",
  tailingOff: "#7d8590",
} as const;

/** For what is compared, in turn. */
export const compared = ["#7d8590", "#3b7dd8", "#d96f0e", "#0f9d8a", "#8e63e6", "#cf4f9e"] as const;

/** The colours that do depend on light and dark. */
interface Ground {
  readonly text: string;
  readonly quietText: string;
  readonly axis: string;
  readonly grid: string;
  readonly surface: string;
}

const light: Ground = {
  text: "#1c2128",
  quietText: "#57606a",
  axis: "#8c959f",
  grid: "#e4e8ec",
  surface: "#ffffff",
};

const dark: Ground = {
  text: "#e6edf3",
  quietText: "#a5afba",
  axis: "#6e7681",
  grid: "#2b3138",
  surface: "#1b1f24",
};

/** Point size of everything written in a graph, in px. */
export const TEXT_PX = 12;

/** A theme for `echarts.init`. */
function themeOn(ground: Ground, fontFamily: string) {
  const axis = {
    axisLine: { lineStyle: { color: ground.axis } },
    axisTick: { lineStyle: { color: ground.axis } },
    axisLabel: { color: ground.quietText, fontSize: TEXT_PX },
    nameTextStyle: { color: ground.quietText, fontSize: TEXT_PX },
    splitLine: { lineStyle: { color: ground.grid } },
  };
  return {
    backgroundColor: "transparent",
    textStyle: { fontFamily, color: ground.text },
    title: { textStyle: { color: ground.quietText, fontSize: TEXT_PX + 2, fontWeight: "normal" } },
    legend: { textStyle: { color: ground.text, fontSize: TEXT_PX } },
    tooltip: {
      backgroundColor: ground.surface,
      borderColor: ground.axis,
      textStyle: { color: ground.text, fontSize: TEXT_PX + 1 },
    },
    toolbox: { iconStyle: { borderColor: ground.quietText } },
    dataZoom: { textStyle: { color: ground.quietText } },
    categoryAxis: { ...axis, splitLine: { ...axis.splitLine, show: false } },
    valueAxis: axis,
    logAxis: axis,
    bar: { label: { color: ground.text } },
    scatter: { label: { color: ground.text } },
    line: { markArea: { label: { color: ground.quietText, fontSize: TEXT_PX } } },
  };
}

/** For a page that is read by daylight, or a picture. */
export const lightTheme = (fontFamily: string) => themeOn(light, fontFamily);

/** For a page that is read in the dark. */
export const darkTheme = (fontFamily: string) => themeOn(dark, fontFamily);
