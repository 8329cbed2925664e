import type { CpuProfile } from "../../monitor/cpu_profile.ts";
import { identityOf, type Place, placeOf } from "./places.ts";

/** A function at one place of the call tree. */
export interface Call {
  readonly place: Place;
  /** Samples in the function itself. */
  readonly self: number;
  /** Samples in it or in what it called. */
  readonly total: number;
  /** The biggest first. */
  readonly calls: readonly Call[];
}

/** The functions that nobody called, with all that they called. */
export function callTree({ nodes }: CpuProfile): readonly Call[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const callOf = (id: number): Call[] => {
    const node = byId.get(id);
    if (node === undefined) return [];
    const calls = merged((node.children ?? []).flatMap(callOf));
    const total = node.hitCount + sum(calls);
    // A place where no sample was taken, neither there nor beneath.
    if (total === 0) return [];
    return [{ place: placeOf(node.callFrame), self: node.hitCount, total, calls }];
  };
  const [root] = nodes;
  return merged((root?.children ?? []).flatMap(callOf));
}

/** All samples of a profile. */
export function sum(calls: readonly Call[]): number {
  return calls.reduce((samples, { total }) => samples + total, 0);
}

/**
 * Self and total samples by a key, such as the room. In the total a sample counts once, however
 * often the key stands in its stack: recursion does not count twice.
 */
export function samplesBy(
  calls: readonly Call[],
  keyOf: (place: Place) => string,
): Map<string, { self: number; total: number }> {
  const found = new Map<string, { self: number; total: number }>();
  const above = new Set<string>();
  const visit = ({ place, self, total, calls }: Call) => {
    const key = keyOf(place);
    const samples = found.get(key) ?? { self: 0, total: 0 };
    found.set(key, samples);
    samples.self += self;
    const isOutermost = !above.has(key);
    if (isOutermost) {
      samples.total += total;
      above.add(key);
    }
    calls.forEach(visit);
    if (isOutermost) above.delete(key);
  };
  calls.forEach(visit);
  return found;
}

/**
 * Microseconds that one sample stands for. The sampler's timer is late by a little each time, which
 * shows where samples follow each other without a pause; the pauses between are no sampled time.
 */
export function samplePeriodUs({ timeDeltas }: CpuProfile, intervalUs: number): number {
  const unbroken = timeDeltas
    .filter((delta) => delta > intervalUs / 2 && delta < intervalUs * 1.7)
    .sort((a, b) => a - b);
  return unbroken.length < 20 ? intervalUs : (unbroken[unbroken.length >> 1] as number);
}

/** Calls of one function from one place as one, the biggest first. */
function merged(calls: readonly Call[]): readonly Call[] {
  const groups = Map.groupBy(calls, ({ place }) => identityOf(place));
  return [...groups.values()]
    .map((group): Call => {
      const [first] = group as [Call, ...Call[]];
      if (group.length === 1) return first;
      return {
        place: first.place,
        self: group.reduce((samples, { self }) => samples + self, 0),
        total: sum(group),
        calls: merged(group.flatMap(({ calls }) => calls)),
      };
    })
    .sort((a, b) => b.total - a.total);
}
