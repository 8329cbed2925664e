import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { RunOptions } from "../options.ts";
import type { Progress } from "../progress.ts";
import type { Result } from "../result.ts";
import { run } from "../run.ts";
import { stepOptions } from "../step.ts";
import { pairsOf, scenarioResult } from "./pairs.ts";
import { peopleFor } from "./people.ts";
import type { SignIns } from "./result.ts";
import type { Scenario } from "./scenario.ts";
import { signInsText, windowHeader, windowRow } from "./table.ts";
import { type Turn, turnsOf } from "./turns.ts";
import { signInsVerdict } from "./verdict.ts";
import { REST_SECONDS, WARM_UP_SECONDS, Windows } from "./windows.ts";

export interface SignInsOptions {
  readonly scenarios: readonly Scenario[];
  /** How often each scenario has its turn. */
  readonly pairs: number;
  readonly windowSeconds: number;
  /** Of the messages. */
  readonly workload: RunOptions;
}

/**
 * Between two users' starts: about twice what a hash takes, which has only what the server leaves of its
 * core. No divisor of the time between actions, so that users do not act at the same instants.
 */
const CONNECT_EVERY_SECONDS = 0.023;
/** A window's sign-ins may still wait when it is over; a full queue takes about so long. */
const LEFT_OVER_SECONDS = 10;

/**
 * One run in which a crowd talks all the time, and others sign in in some windows of it and not in those
 * next to them. `interrupt` ends it early; what there is is told.
 *
 * @throws what `run` throws.
 */
export async function measureSignIns(
  options: SignInsOptions,
  progress: Progress,
  interrupt: AbortSignal,
): Promise<SignIns> {
  const { scenarios, windowSeconds, workload } = options;
  const turns = turnsOf(scenarios, options.pairs);
  const expectedSeconds = secondsOf(turns, windowSeconds);
  const windows = new Windows({
    turns,
    windowSeconds,
    people: peopleFor(scenarios, windowSeconds),
    cpu: workload.parameters.testerCpu,
    onWindow: (window) => progress.step(`${windowHeader}${windowRow(window)}`.trimEnd()),
  });
  // The companion ends the run; nobody is to run out of things to do before.
  const talking = talkingOptions(workload, expectedSeconds * 4);
  const rampSeconds = talking.parameters.users * CONNECT_EVERY_SECONDS;
  const result = await run(
    talking,
    { ...progress, begin: () => progress.begin(rampSeconds + expectedSeconds) },
    interrupt,
    { companion: windows },
  );
  return assemble(options, turns, windows, result);
}

function talkingOptions(workload: RunOptions, seconds: number): RunOptions {
  const options = stepOptions(workload, seconds);
  const connectEverySeconds = CONNECT_EVERY_SECONDS * options.parameters.timeScale;
  return { ...options, parameters: { ...options.parameters, connectEverySeconds } };
}

/** Writes `sign-ins.json` and `table.md`. */
export async function writeSignIns(signIns: SignIns, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify(signIns, undefined, 2);
  await Bun.write(join(folder, "sign-ins.json"), `${text}\n`);
  await Bun.write(join(folder, "table.md"), signInsText(signIns));
}

function assemble(
  { scenarios, windowSeconds }: SignInsOptions,
  turns: readonly Turn[],
  { windows }: Windows,
  result: Result,
): SignIns {
  const results = scenarios.flatMap((scenario) => {
    return scenarioResult(scenario, pairsOf(scenario, turns, windows)) ?? [];
  });
  const { startedAt, parameters, machine, versions, integrity, errors } = result;
  return {
    formatVersion: 1,
    startedAt,
    ...signInsVerdict({ run: result, asked: scenarios.length, results, windows }),
    ...{ parameters, machine, versions, windowSeconds, integrity, errors },
    scenarios: results,
    windows,
  };
}

function secondsOf(turns: readonly Turn[], windowSeconds: number): number {
  const drains = turns.filter(
    ({ scenario }) => scenario !== null && (scenario.perSecond ?? 0) > 20,
  );
  return (
    WARM_UP_SECONDS +
    turns.length * (windowSeconds + REST_SECONDS) +
    drains.length * LEFT_OVER_SECONDS
  );
}
