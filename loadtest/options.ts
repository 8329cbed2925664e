import { type Command, InvalidArgumentError, Option } from "commander";
import { parseTargets, type Target } from "./expectations.ts";
import { type ProfileName, type ProfileParameters, profileNames, profileOf } from "./profiles.ts";
import type { Parameters } from "./result.ts";
import { addServerSetting, type ServerSettings } from "./server_settings.ts";

/** What the flags of a run say, all defaults filled in. */
export interface RunOptions {
  readonly parameters: Parameters;
  /** The pool file, or undefined for a pool of the run's own. */
  readonly accounts: string | undefined;
  /** How many tester processes; undefined: as many as the volume asks for. */
  readonly testers: number | undefined;
  readonly targets: readonly Target[];
  readonly out: string | undefined;
  readonly json: boolean;
}

/** As commander hands them over: what was not given is not there. */
export interface Flags extends Partial<Record<NumberFlag, number>> {
  readonly profile: ProfileName;
  readonly mix?: ProfileParameters["mix"];
  readonly bodyWords?: ProfileParameters["bodyWords"];
  readonly encoding: Parameters["encoding"];
  readonly holdUntilConnected?: boolean;
  readonly signIn: Parameters["signIn"];
  readonly accounts?: string;
  readonly url?: string;
  readonly serverSetting?: ServerSettings;
  readonly expect?: readonly Target[];
  readonly out?: string;
  readonly json?: boolean;
}

type NumberFlag =
  | ("users" | "actions" | "connectEvery" | "startAfter" | "between" | "channels" | "timeScale")
  | ("seed" | "serverCpu" | "testerCpu" | "testers");

const DAY_SECONDS = 86_400;

const { parameters: standard } = profileOf("standard");

function profilesHelp(): string {
  const lines = profileNames.map((name) => `  ${name.padEnd(12)}${profileOf(name).summary}\n`);
  return `\nProfiles:\n${lines.join("")}`;
}

/** The flags that say what is done: those of a run and of `capacity`. */
export function withWorkloadOptions(command: Command): Command {
  return command
    .addHelpText("after", profilesHelp())
    .addOption(
      new Option("--profile <name>", "what is done; it sets what the other flags do not: see below")
        .choices(profileNames)
        .default("standard"),
    )
    .option("--users <count>", `virtual users (standard: ${standard.users})`, whole(1, 1_000_000))
    .option(
      "--actions <count>",
      `actions of each user (standard: ${standard.actions})`,
      whole(0, 100_000_000),
    )
    .option(
      "--connect-every <s>",
      `seconds between two users' starts (standard: ${standard.connectEverySeconds})`,
      decimal(0, DAY_SECONDS),
    )
    .option(
      "--start-after <s>",
      `seconds before a user's first action (standard: ${standard.startAfterSeconds})`,
      decimal(0, DAY_SECONDS),
    )
    .option(
      "--between <s>",
      `seconds between a user's actions (standard: ${standard.betweenSeconds})`,
      decimal(0.001, DAY_SECONDS),
    )
    .option("--mix <send/join/leave>", "per cent of actions (standard: 94/3/3)", parseMix)
    .option(
      "--channels <count>",
      `channels that users share (standard: ${standard.channels})`,
      whole(1, 10_000),
    )
    .option("--body-words <min-max>", "words of a message (standard: 1-10)", parseBodyWords)
    .addOption(
      new Option("--encoding <name>", "of the wire")
        .choices(["protobuf", "json"])
        .default("protobuf"),
    )
    .option("--hold-until-connected", "nobody acts before the last has connected")
    .option("--no-hold-until-connected", "everybody acts from their arrival on")
    .addOption(
      new Option("--sign-in <how>", "with password during the run, or with a token from before it")
        .choices(["password", "token"])
        .default("password"),
    )
    .option("--seed <number>", "the same seed, the same actions (default: 1)", whole(0, 0xffffffff))
    .option("--time-scale <k>", "divide all waits by this (default: 1)", decimal(0.001, 10_000))
    .option("--accounts <file>", "the pool of accounts; without it, the run's own")
    .option("--url <url>", "a server that is running; without it, the run starts its own", parseUrl)
    .option(
      "--server-setting <name=value>",
      "a setting of the run's own server, by its flag, such as pace-cap-ms=50; may be repeated",
      addServerSetting,
    )
    .option("--server-cpu <core>", "pin the run's own server to this core", whole(0, 4095))
    .option("--tester-cpu <core>", "pin the tester, several from this core on", whole(0, 4095))
    .option("--testers <count>", "tester processes; without it, by volume", whole(1, 256));
}

/** The flags that only one run has. */
export function withRunOptions(command: Command): Command {
  return withWorkloadOptions(command)
    .option("--expect <limits>", "on delivery in ms, such as p90<=200,p99<=1000", parseExpect)
    .option("--out <folder>", "where result.json and the report go")
    .option("--json", "print the result on standard output");
}

/** The options of a run from commander's flags; the profile says what they do not. */
export function runOptionsOf(flags: Flags, users?: number): RunOptions {
  const { parameters: profile } = profileOf(flags.profile);
  const people = users ?? flags.users ?? profile.users;
  const mix = flags.mix ?? profile.mix;
  const betweenSeconds = flags.between ?? profile.betweenSeconds;
  const timeScale = flags.timeScale ?? 1;
  const isPairs = profileOf(flags.profile).behaviour.rooms === "pairs";
  const actions = flags.actions ?? profile.actions;
  const messagesPerUserSecond = actions === 0 ? 0 : ((mix.send / 100) * timeScale) / betweenSeconds;
  return {
    parameters: {
      profile: flags.profile,
      users: people,
      actions,
      connectEverySeconds: flags.connectEvery ?? profile.connectEverySeconds,
      startAfterSeconds: flags.startAfter ?? profile.startAfterSeconds,
      betweenSeconds,
      mix,
      channels: isPairs ? Math.ceil(people / 2) : (flags.channels ?? profile.channels),
      bodyWords: flags.bodyWords ?? profile.bodyWords,
      encoding: flags.encoding,
      holdUntilConnected: flags.holdUntilConnected ?? profile.holdUntilConnected,
      signIn: flags.signIn,
      seed: flags.seed ?? 1,
      timeScale,
      messagesPerUserSecond,
      serverCpu: flags.serverCpu ?? null,
      testerCpu: flags.testerCpu ?? null,
      url: flags.url ?? null,
      serverSettings: flags.serverSetting ?? {},
    },
    accounts: flags.accounts,
    testers: flags.testers,
    targets: flags.expect ?? [],
    out: flags.out,
    json: flags.json ?? false,
  };
}

/** A sentence about options that do not go together; undefined where they do. */
export function misuse({ parameters, accounts }: RunOptions): string | undefined {
  if (parameters.url !== null && accounts === undefined) {
    return "With --url the accounts must be there: make them with `bun run loadtest accounts`, and name them with --accounts FILE.";
  }
  if (parameters.url !== null && parameters.serverCpu !== null) {
    return "--server-cpu pins the run's own server; the one at --url is somebody else's.";
  }
  if (parameters.url !== null && Object.keys(parameters.serverSettings ?? {}).length > 0) {
    return "--server-setting is for the run's own server; the one at --url is somebody else's.";
  }
  return undefined;
}

function number(text: string, pattern: RegExp, min: number, max: number, kind: string): number {
  const value = Number(text);
  if (pattern.test(text) && value >= min && value <= max) return value;
  throw new InvalidArgumentError(`It should be a ${kind} from ${min} to ${max}.`);
}

export function whole(min: number, max: number): (text: string) => number {
  return (text) => number(text, /^\d+$/, min, max, "whole number");
}

export function decimal(min: number, max: number): (text: string) => number {
  return (text) => number(text, /^\d+(\.\d+)?$/, min, max, "number");
}

export function parseMix(text: string): ProfileParameters["mix"] {
  const [, send, join, leave] = /^(\d+)\/(\d+)\/(\d+)$/.exec(text) ?? [];
  const mix = { send: Number(send), join: Number(join), leave: Number(leave) };
  if (mix.send + mix.join + mix.leave === 100) return mix;
  throw new InvalidArgumentError("It should be three per cents that make 100, such as 94/3/3.");
}

export function parseBodyWords(text: string): ProfileParameters["bodyWords"] {
  const [, from, to] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const min = Number(from);
  const max = Number(to ?? from);
  if (min >= 1 && max >= min && max <= 1000) return { min, max };
  throw new InvalidArgumentError("It should be words from 1 to 1000, such as 1-10 or 5.");
}

export function parseExpect(text: string): readonly Target[] {
  const targets = parseTargets(text);
  if (targets !== undefined) return targets;
  throw new InvalidArgumentError(
    "It should be limits in ms on p50, p90, p95, p99, p99.9 or max, such as p90<=200,p99<=1000.",
  );
}

export function parseUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError("It should be an address like http://127.0.0.1:4000.");
}
