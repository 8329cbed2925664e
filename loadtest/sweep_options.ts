import { type Command, InvalidArgumentError } from "commander";
import {
  decimal,
  type Flags,
  misuse,
  runOptionsOf,
  whole,
  withWorkloadOptions,
} from "./options.ts";
import { settingName } from "./server_settings.ts";
import { DEFAULT_VALUE, type SweepOptions } from "./sweep.ts";

const USERS = 1000;

export interface SweepFlags extends Flags {
  readonly setting: string;
  readonly values: readonly string[];
  readonly rounds: number;
  readonly stepSeconds: number;
  readonly out?: string;
}

/** The flags of `sweep`. */
export function withSweepOptions(command: Command): Command {
  return withWorkloadOptions(command)
    .requiredOption(
      "--setting <name>",
      "the server's setting, by its flag: pace-cap-ms",
      settingName,
    )
    .requiredOption(
      "--values <list>",
      `its values, separated by commas; ${DEFAULT_VALUE} leaves it alone`,
      parseValues,
    )
    .option("--rounds <count>", "how often all values are run, in turn", whole(1, 100), 2)
    .option("--step-seconds <s>", "how long everybody acts in a run", decimal(1, 3600), 15)
    .option("--out <folder>", "where sweep.json, table.md, sweep.html and sweep.png go")
    .addHelpText(
      "after",
      `
Without --users there are ${USERS.toLocaleString("en")}; nobody acts before all are connected.

  bun run loadtest sweep --setting pace-cap-ms --values 0,2,5,10,20,50,100 --out out/pacing
  bun run loadtest sweep --setting durability --values synced,committed --users 425`,
    );
}

export function sweepOptionsOf(flags: SweepFlags): SweepOptions {
  const { setting, values, rounds, stepSeconds, users = USERS } = flags;
  return { setting, values, rounds, stepSeconds, workload: runOptionsOf(flags, users) };
}

/** A sentence about options that do not go together; undefined where they do. */
export function sweepMisuse({ setting, workload }: SweepOptions): string | undefined {
  const { url, serverSettings = {} } = workload.parameters;
  if (url !== null)
    return "A sweep starts servers of its own; it cannot set those of the one at --url.";
  if (setting in serverSettings) return `--setting and --server-setting both name ${setting}.`;
  return misuse(workload);
}

function parseValues(text: string): readonly string[] {
  const values = text.split(",").map((value) => value.trim());
  if (values.every((value) => value !== "") && new Set(values).size === values.length)
    return values;
  throw new InvalidArgumentError("It should be different values between commas, such as 0,5,20.");
}
