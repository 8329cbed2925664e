import { do_not_optimize, measure } from "mitata";

/** How long one measurement takes. */
export interface Effort {
  /** The compiler needs calls, and time on a thread of its own, before the code is as fast as it gets. */
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export const fullEffort: Effort = { warmUpMs: 250, measureMs: 500 };
/** Says that everything runs, and nothing about how fast. */
export const quickEffort: Effort = { warmUpMs: 1, measureMs: 1 };

/**
 * What one call took, in ns. Short calls are timed 4,096 at a time, and a percentile is then one of
 * those groups' means: a pause of the collector is spread over its group.
 */
export interface Timing {
  readonly p50: number;
  readonly avg: number;
  readonly p99: number;
}

/**
 * Times `run` on one item after the other. There must be 64, all of one shape, so that the compiler
 * cannot take for a constant what is none outside of a benchmark.
 */
export async function timeEach<T>(
  { warmUpMs, measureMs }: Effort,
  items: readonly T[],
  run: (item: T) => unknown,
): Promise<Timing> {
  if (items.length !== 64)
    throw new Error(`bench: 64 items are needed, and there are ${items.length}`);
  const once = driverOf(items, run);
  const until = performance.now() + warmUpMs;
  do {
    for (let call = 0; call < 1000; call++) once();
  } while (performance.now() < until);
  return timingOf(await measure(once, { min_cpu_time: measureMs * 1e6 }));
}

/**
 * Times what takes its own time: `run` returns how many ns the part took that is of interest. It is
 * called for as long as the effort says, preparations included.
 */
export async function timeOwn(
  { warmUpMs, measureMs }: Effort,
  run: () => Promise<number>,
): Promise<Timing> {
  const until = performance.now() + warmUpMs;
  do await run();
  while (performance.now() < until);
  // mitata's types know nothing of what its generators may yield beside functions.
  const ownTime = { manual: run, budget: "real" } as unknown as () => unknown;
  const options = { min_cpu_time: measureMs * 1e6 };
  return timingOf(
    await measure(function* () {
      yield ownTime;
    }, options),
  );
}

/** A function of its own for each measurement: one that all shared would get slower with each. */
function driverOf<T>(items: readonly T[], run: (item: T) => unknown): () => void {
  const make = new Function(
    ...["items", "run", "keep"],
    "let at = 0; return () => { at = (at + 1) & 63; keep(run(items[at])); };",
  );
  return make(items, run, do_not_optimize);
}

function timingOf({ p50, avg, p99 }: { p50: number; avg: number; p99: number }): Timing {
  return { p50, avg, p99 };
}

/** The columns of a table that gives, for each row, what one call took. */
export const timingColumns = { p50: "p50 ns", avg: "mean ns", p99: "p99 ns" } as const;
