import type { EChartsOption } from "echarts";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { parts } from "./charts/parts.ts";
import { lightTheme, TEXT_PX } from "./charts/theme.ts";
import { FONT_FAMILY } from "./render_png.ts";
import { textWidthPx } from "./text_width.ts";

echarts.use([...parts, SVGRenderer]);

// Without a browser ECharts guesses widths for a narrower font, and legends run together.
echarts.setPlatformAPI({
  measureText: (text, font) => {
    const sizePx = Number(/(\d+(?:\.\d+)?)px/.exec(font ?? "")?.[1] ?? TEXT_PX);
    return { width: textWidthPx(text, sizePx) };
  },
});

/** A graph as an `<svg>` element of that size in px, light, without motion. */
export function chartSvg(option: EChartsOption, widthPx: number, heightPx: number): string {
  const chart = echarts.init(null, lightTheme(FONT_FAMILY), {
    renderer: "svg",
    ssr: true,
    width: widthPx,
    height: heightPx,
  });
  try {
    chart.setOption({ ...option, animation: false });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
