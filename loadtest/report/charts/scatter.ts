import type { ScatterSeriesOption } from "echarts";
import type { Result, Second } from "../../result.ts";
import { type Phase, phaseNames, secondsByPhase } from "../phases.ts";
import { colour } from "./theme.ts";

/** Where a second is drawn. */
export type Point = readonly [x: number, y: number];

/** What the two numbers of a point are called, in the tooltip. */
export type PointNames = readonly [x: string, y: string];

const SYMBOL_PX = 6;

/** A cloud of points, one for each second for which `at` is not null. */
export function cloud(
  name: string,
  ink: string,
  names: PointNames,
  seconds: readonly Second[],
  at: (second: Second) => Point | null,
): ScatterSeriesOption {
  return {
    type: "scatter",
    name,
    dimensions: [...names, "second of the run"],
    encode: { x: 0, y: 1, tooltip: [0, 1, 2] },
    data: apart(
      seconds.flatMap((second) => {
        const point = at(second);
        return point === null ? [] : [[...point, second.atSeconds] as const];
      }),
    ).map((point) => [...point]),
    symbolSize: SYMBOL_PX,
    itemStyle: { color: ink, opacity: 0.8 },
  };
}

/**
 * Of a soak's points, hides all but the first of those that would lie on each other: tens of thousands
 * take seconds and gigabytes to draw. Outliers stay.
 */
function apart<Place extends readonly [...Point, number]>(points: readonly Place[]): Place[] {
  if (points.length <= MOST_POINTS) return [...points];
  const byPlace = new Map<string, Place>();
  for (const point of points) {
    const place = `${point[0].toPrecision(2)} ${point[1].toPrecision(2)}`;
    if (!byPlace.has(place)) byPlace.set(place, point);
  }
  return [...byPlace.values()];
}

/** Up to an hour or so, every second is drawn. */
const MOST_POINTS = 4000;

/** A cloud for each phase of the run that has any points. */
export function cloudsByPhase(
  result: Result,
  names: PointNames,
  at: (second: Second) => Point | null,
): ScatterSeriesOption[] {
  const phases = Object.entries(secondsByPhase(result)) as [Phase, readonly Second[]][];
  return phases
    .map(([phase, seconds]) => cloud(phaseNames[phase], colour[phase], names, seconds, at))
    .filter(({ data }) => data?.length);
}
