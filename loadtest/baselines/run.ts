import { mkdirSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { describeMachine, describeVersions } from "../machine.ts";
import type { Progress } from "../progress.ts";
import type { Result } from "../result.ts";
import { contenders } from "./contenders.ts";
import { checkGround } from "./ground.ts";
import { type BaselineOptions, standardRate } from "./options.ts";
import { type Row, rowOf } from "./row.ts";
import { type Ratio, ratiosOf } from "./summary.ts";
import { baselinesText, tableHead, tableLine } from "./table.ts";
import { takeTurn } from "./turn.ts";

/** `baselines.json`. */
export interface Baselines {
  readonly formatVersion: 1;
  readonly startedAt: string;
  readonly parameters: Omit<BaselineOptions, "out"> & {
    /** Of each user, at rate 1. */
    readonly messagesPerUserSecond: number;
  };
  readonly machine: Result["machine"];
  readonly versions: Result["versions"] & {
    /** Empty where it was not needed. */
    readonly node: string;
    readonly ws: string;
    readonly socketIo: string;
  };
  readonly rows: readonly Row[];
  /** Hubbub's cost of a delivery against that of each other server, by the medians of the rounds. */
  readonly ratios: readonly Ratio[];
  /** It was ended early, and is what there was by then. */
  readonly wasInterrupted: boolean;
}

/**
 * Measures the servers in turn, A B C D A B C D at each rate, so that whatever else happens on the
 * machine meets all of them.
 *
 * @throws StartError; TurnError.
 */
export async function runBaselines(
  options: BaselineOptions,
  progress: Progress,
  interrupt: AbortSignal,
): Promise<Baselines> {
  const node = checkGround(options) ?? "";
  const { out: _, ...parameters } = options;
  const { servers, rates, rounds } = options;
  const startedAt = new Date().toISOString();
  const rows: Row[] = [];
  const turns = rates.flatMap((rate) =>
    Array.from({ length: rounds }, (_, index) =>
      servers.map((server) => ({ server, rate, round: index + 1 })),
    ).flat(),
  );
  for (const { server, rate, round } of turns) {
    if (interrupt.aborted) break;
    progress.step(`${contenders[server].title} at ${rate} x the message rate, round ${round}:`);
    try {
      const measurement = await takeTurn(server, turnOf(options, rate), interrupt);
      const row = rowOf(server, rate, round, measurement);
      rows.push(row);
      progress.step(`${rows.length === 1 ? tableHead : ""}${tableLine(row, rows)}`.trimEnd());
    } catch (error) {
      if (!interrupt.aborted) throw error;
      break;
    }
  }
  const { devDependencies } = packageJson;
  return {
    formatVersion: 1,
    startedAt,
    parameters: { ...parameters, messagesPerUserSecond: standardRate() },
    machine: describeMachine(),
    versions: {
      ...describeVersions(packageJson.version),
      node,
      ws: devDependencies.ws,
      socketIo: devDependencies["socket.io"],
    },
    rows,
    ratios: ratiosOf(rows),
    wasInterrupted: interrupt.aborted,
  };
}

/** Writes `baselines.json` and `table.md`. */
export async function writeBaselines(baselines: Baselines, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const text = `${JSON.stringify(baselines, undefined, 2)}\n`;
  await Bun.write(join(folder, "baselines.json"), text);
  await Bun.write(join(folder, "table.md"), baselinesText(baselines));
}

function turnOf(options: BaselineOptions, rate: number) {
  const { users, rates, seconds, warmUpSeconds, serverCpu, testerCpu, seed } = options;
  return {
    ...{ users, seconds, serverCpu, testerCpu, seed },
    messagesPerUserSecond: rate * standardRate(),
    warmUp: {
      messagesPerUserSecond: Math.max(...rates) * standardRate(),
      seconds: warmUpSeconds,
    },
  };
}
