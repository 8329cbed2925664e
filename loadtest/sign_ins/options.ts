import { cpus } from "node:os";
import { type Command, InvalidArgumentError } from "commander";
import { type Flags, misuse, runOptionsOf, whole, withWorkloadOptions } from "../options.ts";
import type { SignInsOptions } from "./measure.ts";
import { parseScenario, type Scenario, standardScenarios } from "./scenario.ts";

/** Of the standard workload: about half of a core where the figures of docs/PERFORMANCE.md were measured. */
const USERS = 1000;
/** Says whose `X-Forwarded-For` counts: the tester's, which gives everybody who signs in an address. */
const PROXIES_SETTING = "trusted-proxies";
const TESTER_ADDRESS = "127.0.0.1";

export interface SignInsFlags extends Flags {
  readonly scenarios: readonly Scenario[];
  readonly pairs: number;
  readonly windowSeconds: number;
  readonly ways?: boolean;
  readonly count: number;
  readonly out?: string;
}

/** The flags of `sign-ins`. */
export function withSignInsOptions(command: Command): Command {
  return withWorkloadOptions(command)
    .option(
      "--scenarios <list>",
      `what is signed in with, and how fast (default: ${standardScenarios})`,
      parseScenarios,
      parseScenarios(standardScenarios),
    )
    .option("--pairs <count>", "windows with each, and without beside it", whole(1, 100), 3)
    .option("--window-seconds <s>", "how long a window is", whole(1, 600), 12)
    .option("--ways", "instead: the server's CPU for each way of signing in, nobody talking")
    .option("--count <sign-ins>", "with --ways: so many of each", whole(1, 100_000), 1000)
    .option("--out <folder>", "where sign-ins.json (ways.json) and table.md go")
    .addHelpText(
      "after",
      `
Without --users there are ${USERS.toLocaleString("en")}; all of them talk all the time. The server is pinned to core 0 and the tester
to core 1 unless told otherwise.

Scenarios: 4/s comes evenly, storm-1000 all at once, wrong-40/s with wrong passwords, and none does nothing.

  bun run loadtest sign-ins --out out/sign-ins
  bun run loadtest sign-ins --scenarios none,storm-500 --pairs 5
  bun run loadtest sign-ins --ways`,
    );
}

export function signInsOptionsOf(flags: SignInsFlags): SignInsOptions {
  const { scenarios, pairs, windowSeconds } = flags;
  const [serverCpu, testerCpu] = twoCores() ? [0, 1] : [];
  const pinned = { serverCpu, testerCpu, ...flags };
  const run = runOptionsOf(pinned as Flags, flags.users ?? USERS);
  const serverSettings = {
    [PROXIES_SETTING]: TESTER_ADDRESS,
    ...run.parameters.serverSettings,
  };
  const workload = { ...run, parameters: { ...run.parameters, serverSettings } };
  return { scenarios, pairs, windowSeconds, workload };
}

/** A sentence about options that do not go together; undefined where they do. */
export function signInsMisuse(flags: SignInsFlags): string | undefined {
  if (flags.url !== undefined) {
    return "This measures a server of its own: it needs its process, and says who its proxy is.";
  }
  if (flags.accounts !== undefined) return "This makes accounts of its own.";
  if (flags.serverSetting?.[PROXIES_SETTING] !== undefined) {
    return `The run sets ${PROXIES_SETTING} itself.`;
  }
  return misuse(signInsOptionsOf(flags).workload);
}

function twoCores(): boolean {
  return process.platform === "linux" && cpus().length > 1;
}

export function parseScenarios(text: string): readonly Scenario[] {
  const scenarios = text.split(",").map((name) => parseScenario(name.trim()));
  const names = new Set(scenarios.map((scenario) => scenario?.name));
  if (scenarios.every((scenario) => scenario !== undefined) && names.size === scenarios.length) {
    return scenarios;
  }
  throw new InvalidArgumentError(
    "It should be different scenarios between commas, such as 4/s,storm-1000,wrong-40/s.",
  );
}
