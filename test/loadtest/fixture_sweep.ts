import type { Sweep, SweepRun } from "../../loadtest/sweep.ts";
import { turns } from "../../loadtest/sweep.ts";
import { fixtureResult } from "./fixture_result.ts";

/** A sweep in which the n-th value takes n times as long and each later round 1 ms more. */
export function fixtureSweep(
  setting: string,
  values: readonly string[],
  change: (run: SweepRun) => Partial<SweepRun> = () => ({}),
): Sweep {
  const { startedAt, parameters, machine, versions } = fixtureResult({ users: 40 });
  const rounds = 3;
  const runs = turns(values, rounds).map(({ value, round }): SweepRun => {
    const place = values.indexOf(value) + 1;
    const run: SweepRun = {
      value,
      round,
      volumePerSecond: 1000,
      p50Ms: 10 * place + round,
      p90Ms: 20 * place + round,
      p99Ms: 30 * place + round,
      serverLoad: 0.5 / place,
      testerLoad: 0.25,
      cpuMicroseconds: 500 / place,
      verdict: "passed",
      because: "Nothing was lost, doubled or reordered.",
    };
    return { ...run, ...change(run) };
  });
  return {
    ...{ formatVersion: 1, startedAt, setting, values, rounds, stepSeconds: 15 },
    ...{ parameters, machine, versions, runs },
    ...{ end: "complete", because: "Every value was run in every round." },
  };
}
