import type {
  GridComponentOption,
  LegendComponentOption,
  TooltipComponentOption,
  XAXisComponentOption,
  YAXisComponentOption,
} from "echarts";
import { formatMeasure } from "../format.ts";

/** Latencies below this are drawn as this: a logarithmic axis has no zero. */
const LEAST_MS = 0.1;

/** Room, in px, for the legend and for the name above the vertical axis. */
const LEGEND_PX = 24;
const NAME_PX = 26;

/** What a tooltip writes for a value. */
const valueFormatter: TooltipComponentOption["valueFormatter"] = (value) =>
  typeof value === "number" ? formatMeasure(value) : String(value ?? "none");

/** Tells of the point below the cursor. */
export const pointTooltip = { trigger: "item", valueFormatter } satisfies TooltipComponentOption;

/** Tells of every line at the cursor's place. */
export const axisTooltip = { trigger: "axis", valueFormatter } satisfies TooltipComponentOption;

const numberLabels = { formatter: (value: number) => formatMeasure(value), hideOverlap: true };

const below = (name: string) => ({ name, nameLocation: "middle" as const, nameGap: 26 });

const above = (name: string) => ({
  name,
  nameLocation: "end" as const,
  nameGap: 10,
  nameTextStyle: { align: "left" as const },
  axisLabel: numberLabels,
});

/**
 * From and to 1, 2 or 5 times a power of ten, with room for a label at both ends; from 1 to 10 while
 * nothing is shown.
 */
const roundEnds = {
  min: ({ min }: { min: number }) => (Number.isFinite(min) ? roundBelow(drawnMs(min) * 0.8) : 1),
  max: ({ max }: { max: number }) => (Number.isFinite(max) ? roundAbove(drawnMs(max) * 1.2) : 10),
};

export const legend: LegendComponentOption = {
  // In a narrow window it turns pages instead of running into the graph.
  type: "scroll",
  left: 0,
  top: 0,
  itemWidth: 14,
  itemHeight: 9,
  itemGap: 18,
};

/** The one panel of a graph, below the legend. */
export const panel: GridComponentOption = {
  left: 8,
  right: 16,
  top: LEGEND_PX + NAME_PX,
  bottom: 28,
};

/** Two panels, one above the other, on the same horizontal axis. */
export const twoPanels: GridComponentOption[] = [
  { left: 68, right: 16, top: LEGEND_PX + NAME_PX, height: "30%", outerBoundsMode: "none" },
  { left: 68, right: 16, top: "62%", bottom: 42, outerBoundsMode: "none" },
];

/** A horizontal axis of numbers, named below. */
export function across(name: string): XAXisComponentOption {
  return { type: "value", ...below(name), axisLabel: numberLabels };
}

/** A horizontal axis of milliseconds, logarithmic, named below. */
export function msAcross(name: string): XAXisComponentOption {
  return { type: "log", ...below(name), axisLabel: numberLabels, ...roundEnds };
}

/** A horizontal axis with a place for each label, named below. */
export function placesAcross(name: string, labels: readonly string[]): XAXisComponentOption {
  return {
    type: "category",
    ...below(name),
    data: [...labels],
    axisLabel: { interval: 0, lineHeight: 16 },
    splitLine: { show: true },
  };
}

/** A vertical axis of numbers from 0, named above its end: readable without turning one's head. */
export function upwards(name: string): YAXisComponentOption {
  return { type: "value", ...above(name), min: 0, splitNumber: 3 };
}

/** A vertical axis of milliseconds, logarithmic: 5 ms and the target of 1,000 ms both stay readable. */
export function msUpwards(name: string): YAXisComponentOption {
  return { type: "log", ...above(name), ...roundEnds };
}

/** A latency as a place on a logarithmic axis. */
export function drawnMs(ms: number): number {
  return Math.max(ms, LEAST_MS);
}

function roundBelow(ms: number): number {
  const decade = 10 ** Math.floor(Math.log10(ms));
  return decade * ([5, 2].find((step) => step * decade <= ms) ?? 1);
}

function roundAbove(ms: number): number {
  const decade = 10 ** Math.floor(Math.log10(ms));
  return decade * ([2, 5].find((step) => step * decade > ms) ?? 10);
}
