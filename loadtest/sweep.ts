import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { RunOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import { microsecondsPerDelivery } from "./report/compared.ts";
import type { Parameters, Result, Verdict } from "./result.ts";
import { InterruptedError, run } from "./run.ts";
import { stepOptions } from "./step.ts";
import { sweepHeader, sweepRow, sweepText } from "./sweep_table.ts";

/** A value that leaves the setting as it comes. */
export const DEFAULT_VALUE = "default";

export interface SweepOptions {
  /** The setting's flag without its dashes. */
  readonly setting: string;
  readonly values: readonly string[];
  /** How often all values are run, one after another. */
  readonly rounds: number;
  /** How long everybody acts in a run. */
  readonly stepSeconds: number;
  /** Of every run, but for the setting. */
  readonly workload: RunOptions;
}

/** One run with one value. Latencies are of deliveries, on the plateau where there was one. */
export interface SweepRun {
  readonly value: string;
  /** From 1. */
  readonly round: number;
  readonly volumePerSecond: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  /** In cores. */
  readonly serverLoad: number;
  readonly testerLoad: number;
  /** What a delivery costs the server; null where it is not known. */
  readonly cpuMicroseconds: number | null;
  readonly verdict: Verdict;
  readonly because: string;
}

/** `sweep.json`. */
export interface Sweep {
  readonly formatVersion: 1;
  readonly startedAt: string;
  readonly setting: string;
  readonly values: readonly string[];
  readonly rounds: number;
  readonly stepSeconds: number;
  /** Of every run, but for the setting. */
  readonly parameters: Parameters;
  readonly machine: Result["machine"];
  readonly versions: Result["versions"];
  /** Whether every value was run in every round, or why not. */
  readonly end: "complete" | "interrupted" | "broken";
  /** The same in words. */
  readonly because: string;
  /** In the order in which they were made. */
  readonly runs: readonly SweepRun[];
}

/**
 * Runs the same workload once for each value, and all of that again in each round: on a machine that is
 * shared, its moods then fall on all values alike. Each run has a server of its own.
 *
 * Ended early by `interrupt`, or by a server that does not start, it tells of the runs there were.
 *
 * @throws what the first run throws.
 */
export async function runSweep(
  options: SweepOptions,
  progress: Progress,
  interrupt: AbortSignal,
): Promise<Sweep> {
  const { setting, values, rounds, stepSeconds } = options;
  const workload = stepOptions(options.workload, stepSeconds);
  const runs: SweepRun[] = [];
  let first: Result | undefined;
  let end: Pick<Sweep, "end" | "because"> = {
    end: "complete",
    because: "Every value was run in every round.",
  };
  try {
    for (const { value, round } of turns(values, rounds)) {
      progress.step(`${setting} ${value}, round ${round} of ${rounds}:`);
      const result = await run(withSetting(workload, setting, value), progress, interrupt);
      if (result.verdict === "interrupted") throw new InterruptedError("interrupted");
      first ??= result;
      const swept = runOf(result, value, round);
      runs.push(swept);
      process.stderr.write(`${sweepHeader(setting)}${sweepRow(swept)}`);
    }
  } catch (error) {
    if (first === undefined) throw error;
    if (error instanceof InterruptedError)
      end = { end: "interrupted", because: "It was interrupted." };
    else end = { end: "broken", because: `It ended early: ${(error as Error).message}` };
  }
  if (first === undefined) throw new Error("loadtest/sweep: there were no values");
  const { startedAt, machine, versions } = first;
  const { parameters } = workload;
  return {
    ...{ formatVersion: 1, startedAt, setting, values, rounds, stepSeconds },
    ...{ parameters, machine, versions, ...end, runs },
  };
}

/** Writes `sweep.json`, `table.md`, `sweep.html` and `sweep.png`. */
export async function writeSweep(sweep: Sweep, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await Bun.write(join(folder, "sweep.json"), `${JSON.stringify(sweep, undefined, 2)}\n`);
  await Bun.write(join(folder, "table.md"), sweepText(sweep));
  const { writeSweepReport } = await import("./report/sweep_report.ts");
  await writeSweepReport(sweep, folder);
}

/** Whose turn it is, in order: A B C, A B C. */
export function turns(values: readonly string[], rounds: number) {
  return Array.from({ length: rounds }, (_, round) =>
    values.map((value) => ({ value, round: round + 1 })),
  ).flat();
}

function withSetting(workload: RunOptions, setting: string, value: string): RunOptions {
  if (value === DEFAULT_VALUE) return workload;
  const { parameters } = workload;
  const serverSettings = { ...parameters.serverSettings, [setting]: value };
  return { ...workload, parameters: { ...parameters, serverSettings } };
}

function runOf(result: Result, value: string, round: number): SweepRun {
  const { delivery } = result.plateauLatencyMs ?? result.latencyMs;
  return {
    value,
    round,
    volumePerSecond: result.volume.plateauPerSecond,
    p50Ms: delivery.p50,
    p90Ms: delivery.p90,
    p99Ms: delivery.p99,
    serverLoad: result.load.serverPlateau,
    testerLoad: result.load.testerPlateau,
    cpuMicroseconds: microsecondsPerDelivery(result),
    verdict: result.verdict,
    because: result.because,
  };
}
