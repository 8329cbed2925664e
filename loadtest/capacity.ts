import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Climb, mostThatHeld, nextUsers, type Step } from "./climb.ts";
import { judge, type Target } from "./expectations.ts";
import type { RunOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import type { Parameters, Result, Verdict } from "./result.ts";
import { run } from "./run.ts";
import { stepOptions } from "./step.ts";
import { fitVolumeLaw, type VolumeLaw } from "./volume_law.ts";

export interface CapacityOptions extends Climb {
  /** Options of a step with so many users. */
  readonly optionsOf: (users: number) => RunOptions;
  /** How long everybody acts in a step. */
  readonly stepSeconds: number;
  readonly targets: readonly Target[];
  readonly out: string | undefined;
}

export interface CapacityStep extends Step {
  readonly volumePerSecond: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** In cores. */
  readonly serverLoad: number;
  readonly testerLoad: number;
  /** The most that the server had resident. */
  readonly serverPeakResidentBytes: number;
  readonly verdict: Verdict;
  readonly because: string;
}

/** `capacity.json`. */
export interface Capacity {
  readonly formatVersion: 1;
  readonly startedAt: string;
  /** Of the last step. */
  readonly parameters: Parameters;
  readonly machine: Result["machine"];
  readonly versions: Result["versions"];
  readonly targets: readonly Target[];
  readonly stepSeconds: number;
  /** The most users whose step met the targets; 0 where none did. */
  readonly mostUsers: number;
  /** Why the climb ended. */
  readonly because: string;
  readonly steps: readonly CapacityStep[];
  /** Fitted over the steps that held. */
  readonly volumeLaw: VolumeLaw | null;
}

/**
 * Raises the number of users step by step to the most that still meet the targets on the plateau,
 * each step on a server of its own unless the options name one. Undefined if interrupted before the
 * first step was over.
 */
export async function findCapacity(
  options: CapacityOptions,
  progress: Progress,
  interrupt: AbortSignal,
): Promise<Capacity | undefined> {
  const { optionsOf, stepSeconds, targets } = options;
  const steps: CapacityStep[] = [];
  let last: Result | undefined;
  let because = "The highest number of users was reached, or the limit is known closely enough.";
  for (;;) {
    const users = nextUsers(options, steps);
    if (users === undefined) break;
    progress.step(`${users.toLocaleString("en")} users:`);
    last = await run(stepOptions(optionsOf(users), stepSeconds), progress, interrupt);
    if (last.verdict === "interrupted") {
      because = "It was interrupted.";
      break;
    }
    const step = stepOf(last, targets);
    steps.push(step);
    process.stderr.write(`${header}${rowOf(step)}`);
    if (step.verdict === "tester-bound") {
      because = `The tester was the bottleneck at ${users} users, no verdict beyond ${mostThatHeld(steps)}.`;
      break;
    }
  }
  if (last === undefined || steps.length === 0) return undefined;
  const { startedAt, parameters, machine, versions } = last;
  const held = steps.filter(({ holds }) => holds);
  return {
    ...{ formatVersion: 1, startedAt, parameters, machine, versions, targets, stepSeconds },
    mostUsers: mostThatHeld(steps),
    because,
    steps: steps.toSorted((a, b) => a.users - b.users),
    volumeLaw: fitVolumeLaw(held.map(({ users, volumePerSecond: volume }) => ({ users, volume }))),
  };
}

/** Writes `capacity.json` and `table.md`. */
export async function writeCapacity(capacity: Capacity, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const text = `${JSON.stringify(capacity, undefined, 2)}\n`;
  await Bun.write(join(folder, "capacity.json"), text);
  await Bun.write(join(folder, "table.md"), capacityText(capacity));
}

/** The scaling table and what follows from it, as Markdown. */
export function capacityText({ steps, mostUsers, because, volumeLaw, targets }: Capacity): string {
  const limits = targets.map(({ percentile, atMostMs }) => `${percentile} <= ${atMostMs} ms`);
  const law =
    volumeLaw === null
      ? "There are too few steps to fit a law of the volume."
      : `Volume is about ${volumeLaw.factor.toPrecision(3)} x users^${volumeLaw.exponent.toFixed(2)} deliveries/s.`;
  return [
    `${header}${steps.map(rowOf).join("")}`,
    `The most users that meet ${limits.join(", ")}: **${mostUsers.toLocaleString("en")}**. ${because}`,
    "",
    law,
    "",
  ].join("\n");
}

function stepOf(result: Result, targets: readonly Target[]): CapacityStep {
  const { delivery } = result.plateauLatencyMs ?? result.latencyMs;
  const { serverPlateau, testerPlateau, serverPeakResidentBytes } = result.load;
  const isFastEnough = delivery.count > 0 && judge(targets, delivery).every(({ holds }) => holds);
  const isSound = result.verdict === "passed" || result.verdict === "tester-bound";
  const holds = isSound && isFastEnough;
  return {
    users: result.parameters.users,
    holds,
    volumePerSecond: result.volume.plateauPerSecond,
    p90Ms: delivery.p90,
    p95Ms: delivery.p95,
    p99Ms: delivery.p99,
    serverLoad: serverPlateau,
    testerLoad: testerPlateau,
    serverPeakResidentBytes,
    verdict: holds ? "passed" : result.verdict === "passed" ? "failed" : result.verdict,
    because: result.because,
  };
}

const columns = [
  "users",
  "deliveries/s",
  "p90 ms",
  "p95 ms",
  "p99 ms",
  "server CPU",
  "tester CPU",
  "server MiB",
  "",
];
const header = `| ${columns.join(" | ")} |\n|${"---:|".repeat(columns.length - 1)}---|\n`;

function rowOf(step: CapacityStep): string {
  const cells = [
    step.users.toLocaleString("en"),
    step.volumePerSecond.toLocaleString("en"),
    ...[step.p90Ms, step.p95Ms, step.p99Ms].map((value) => value.toFixed(0)),
    step.serverLoad.toFixed(2),
    step.testerLoad.toFixed(2),
    (step.serverPeakResidentBytes / 2 ** 20).toFixed(0),
    step.holds ? "holds" : step.verdict,
  ];
  return `| ${cells.join(" | ")} |\n`;
}
