import type { ScatterSeriesOption } from "echarts";
import type { Result, Second } from "../../result.ts";
import { type Phase, phaseNames, secondsByPhase } from "../phases.ts";
import { colour } from "./theme.ts";

export type Point = readonly [x: number, y: number];

const SYMBOL_PX = 6;

/** A cloud of points, one for each second that has both numbers. */
export function cloud(name: string, points: readonly Point[], ink: string): ScatterSeriesOption {
  return {
    type: "scatter",
    name,
    data: points.map(([x, y]) => [x, y]),
    symbolSize: SYMBOL_PX,
    itemStyle: { color: ink, opacity: 0.65 },
  };
}

/** A cloud for each phase of the run that has any points. `at` gives null for a second to leave out. */
export function cloudsByPhase(
  result: Result,
  at: (second: Second) => Point | null,
): ScatterSeriesOption[] {
  const phases = Object.entries(secondsByPhase(result)) as [Phase, readonly Second[]][];
  return phases
    .map(([phase, seconds]) =>
      cloud(phaseNames[phase], seconds.map(at).filter(isPoint), colour[phase]),
    )
    .filter(({ data }) => data?.length);
}

export function isPoint(point: Point | null): point is Point {
  return point !== null;
}
