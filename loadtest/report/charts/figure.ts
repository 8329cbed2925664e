import type { EChartsOption } from "echarts";
import type { Result } from "../../result.ts";

/**
 * A graph of the report, drawn from the result alone: in the page on a canvas, in the picture as SVG.
 * Options carry no colours of the ground (see theme.ts), no title and no size.
 */
export interface Figure {
  /** Of the element in the page: lower case and hyphens. */
  readonly id: string;
  /** What one sees. */
  readonly title: string;
  /** One sentence below the graph: what this run's figures come to, or how to read it. */
  sentence(result: Result): string;
  option(result: Result): EChartsOption;
}

/** Stands in for a graph that has nothing to show, and says why. */
export function nothingToShow(why: string): EChartsOption {
  return { title: { text: why, left: "center", top: "middle" } };
}
