import { type Command, InvalidArgumentError } from "commander";
import { decimal, whole } from "../options.ts";
import { profileOf } from "../profiles.ts";
import { type ContenderName, contenderNames } from "./contenders.ts";

/** What the flags of `baselines` say, all defaults filled in. */
export interface BaselineOptions {
  /** In the order in which they take turns. */
  readonly servers: readonly ContenderName[];
  readonly users: number;
  /** Times the message rate of the standard workload. */
  readonly rates: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly serverCpu: number;
  readonly testerCpu: number;
  readonly seed: number;
  readonly out: string | undefined;
}

interface Flags extends Omit<BaselineOptions, "warmUpSeconds" | "out"> {
  readonly warmUp: number;
  readonly out?: string;
}

/** Messages of a user in a second, in the standard workload. */
export function standardRate(): number {
  const { mix, betweenSeconds } = profileOf("standard").parameters;
  return mix.send / 100 / betweenSeconds;
}

export function withBaselineOptions(command: Command): Command {
  return command
    .option("--servers <names>", `of ${contenderNames.join(", ")}`, parseServers, contenderNames)
    .option("--users <count>", "connections", whole(1, 50_000), 1000)
    .option(
      "--rates <list>",
      `times the standard workload's ${standardRate().toFixed(3)} messages/s of each user`,
      parseRates,
      [1, 10],
    )
    .option("--rounds <count>", "turns of each server at each rate", whole(1, 100), 2)
    .option("--seconds <s>", "how long is measured in each turn", decimal(0.5, 3600), 10)
    .option("--warm-up <s>", "at the highest rate, before each turn", decimal(0, 3600), 3)
    .option("--server-cpu <core>", "the core of the servers", whole(0, 4095), 0)
    .option("--tester-cpu <core>", "the core of the tester", whole(0, 4095), 1)
    .option("--seed <number>", "of everything random", whole(0, 0xffffffff), 1)
    .option("--out <folder>", "where baselines.json and table.md go");
}

/** The options from commander's flags. */
export function baselineOptionsOf({ warmUp, out, ...flags }: Flags): BaselineOptions {
  return { ...flags, warmUpSeconds: warmUp, out };
}

function parseServers(text: string): ContenderName[] {
  const names = text.split(",");
  const isRight = names.every((name) => contenderNames.includes(name as ContenderName));
  if (isRight && new Set(names).size === names.length) return names as ContenderName[];
  throw new InvalidArgumentError(
    `It should be some of ${contenderNames.join(",")}, each once, separated by commas.`,
  );
}

function parseRates(text: string): number[] {
  const rates = text.split(",").map(Number);
  const isRight =
    /^\d+(\.\d+)?(,\d+(\.\d+)?)*$/.test(text) && rates.every((rate) => rate > 0 && rate <= 10_000);
  if (isRight && new Set(rates).size === rates.length) return rates;
  throw new InvalidArgumentError("It should be numbers above 0, each once, such as 1,10.");
}
