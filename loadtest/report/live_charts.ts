import type { EChartsOption } from "echarts";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { parts } from "./charts/parts.ts";
import { darkTheme, lightTheme } from "./charts/theme.ts";

const FONT_FAMILY = "system-ui, sans-serif";
const inTheDark = matchMedia("(prefers-color-scheme: dark)");

/** The page's data, as page.ts put it there. Its type is the caller's word. */
export function pageData<Data>(): Data {
  return JSON.parse(document.getElementById("data")?.textContent ?? "null");
}

/** Draws the graphs into the elements with their ids; they follow the page's width, light and dark. */
export function drawCharts(options: ReadonlyMap<string, EChartsOption>): void {
  echarts.use([...parts, CanvasRenderer]);
  for (const [id, option] of options) {
    const element = document.getElementById(id);
    if (element === null) throw new Error(`report: the page has no place for ${id}`);
    const chart = echarts.init(element, theme());
    chart.setOption({ animation: false, ...option, ...zooming(option) });
    new ResizeObserver(() => chart.resize()).observe(element);
    inTheDark.addEventListener("change", () => chart.setTheme(theme()));
  }
}

function theme() {
  return inTheDark.matches ? darkTheme(FONT_FAMILY) : lightTheme(FONT_FAMILY);
}

/** Buttons to zoom into a rectangle and back out, on graphs whose horizontal axis is a scale. */
function zooming({ xAxis }: EChartsOption): EChartsOption {
  const axes = [xAxis ?? []].flat();
  if (axes.length === 0 || axes.some(({ type }) => type === "category")) return {};
  const all = axes.map((_, index) => index);
  return {
    toolbox: {
      right: 8,
      top: 18,
      itemSize: 13,
      feature: {
        dataZoom: { xAxisIndex: all, title: { zoom: "Zoom into a rectangle", back: "Zoom back" } },
        restore: { title: "Show all" },
      },
    },
    // Two panels of one graph zoom together, and the page still scrolls with the wheel.
    dataZoom: [
      {
        type: "inside",
        xAxisIndex: all,
        zoomOnMouseWheel: "shift",
        preventDefaultMouseMove: false,
      },
    ],
  };
}
