import type { Second } from "../result.ts";
import { volumeOf } from "./phases.ts";

/** The seconds whose message volume lies in `[from, to)`, deliveries per second. */
export interface VolumeBin {
  readonly from: number;
  readonly to: number;
  readonly seconds: readonly Second[];
}

const MOST_BINS = 7;

/**
 * Sorts the seconds into at most seven bins of equal, round width (1, 2 or 5 times a power of ten).
 * Bins without a second are left out; in order of volume.
 */
export function volumeBins(seconds: readonly Second[]): VolumeBin[] {
  const highest = seconds.reduce((most, second) => Math.max(most, volumeOf(second)), 0);
  const width = roundWidth(highest / MOST_BINS);
  const bins = new Map<number, Second[]>();
  for (const second of seconds) {
    const index = Math.floor(volumeOf(second) / width);
    const bin = bins.get(index);
    if (bin === undefined) bins.set(index, [second]);
    else bin.push(second);
  }
  return [...bins]
    .sort(([one], [other]) => one - other)
    .map(([index, inBin]) => ({ from: index * width, to: (index + 1) * width, seconds: inBin }));
}

/** The least of 1, 2, 5, 10, 20, 50, ... that is greater. */
function roundWidth(least: number): number {
  let decade = 1;
  for (;;) {
    for (const step of [1, 2, 5]) if (step * decade > least) return step * decade;
    decade *= 10;
  }
}

/** The least, the quartiles and the greatest, interpolated: the five numbers of a box plot. */
export type FiveNumbers = readonly [number, number, number, number, number];

/** Null where there are no values. */
export function fiveNumbers(values: readonly number[]): FiveNumbers | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share: number): number => {
    const place = (sorted.length - 1) * share;
    const below = sorted[Math.floor(place)] ?? 0;
    const above = sorted[Math.ceil(place)] ?? below;
    return below + (above - below) * (place - Math.floor(place));
  };
  return [at(0), at(0.25), at(0.5), at(0.75), at(1)];
}
