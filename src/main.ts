#!/usr/bin/env bun
/** The command line; nothing else. */
import { Command, InvalidArgumentError, Option } from "commander";
import { PepperError } from "./auth/pepper_file.ts";
import { roles, UserCommandError } from "./cli/account_file.ts";
import { addAdministration } from "./cli/administration.ts";
import { type BackupOptions, runBackup } from "./cli/backup.ts";
import { banner } from "./cli/banner.ts";
import { type ChatOptions, runChat } from "./cli/chat.ts";
import { doctorCommand } from "./cli/doctor/doctor.ts";
import { failWith } from "./cli/failure.ts";
import { askHealth, localAddress } from "./cli/health.ts";
import { type InspectOptions, runInspect } from "./cli/inspect.ts";
import { listPeppers, rotatePepper } from "./cli/pepper.ts";
import { compareProfiles } from "./cli/profile/compare.ts";
import { type TakeOptions, takeProfile } from "./cli/profile/take.ts";
import { runRestore } from "./cli/restore.ts";
import { showStats } from "./cli/stats.ts";
import { addUser, listUsers, setRole } from "./cli/user.ts";
import { disableUser, enableUser, setPassword } from "./cli/user_access.ts";
import { type FactorOptions, userFactors } from "./cli/user_factors.ts";
import { importUsers } from "./cli/user_import.ts";
import {
  type Config,
  ConfigError,
  flagOf,
  readConfig,
  type SettingName,
  settings,
  variableOf,
} from "./config.ts";
import { PlacementError } from "./machine/placement.ts";
import { createLog } from "./monitor/log.ts";
import { type Running, serve, version } from "./serve.ts";
import { ListenError } from "./session/listen.ts";
import type { RestoreOptions } from "./store/backups/restore.ts";
import { StoreFileError } from "./store/schema.ts";

/** Laid into compiled programs by build/program.ts. */
declare const HUBBUB_COMMIT: string | undefined;

const settingNames = Object.keys(settings) as SettingName[];

/** Settings that concern the file alone: those that commands beside the server take. */
const fileSettings: readonly SettingName[] = ["data"];
/** And those of commands that hash passwords. */
const hashSettings: readonly SettingName[] = ["data", "pepperFile", "hashMemoryKib", "hashPasses"];
const pepperSettings: readonly SettingName[] = ["data", "pepperFile"];

/** Errors whose message is a sentence for the operator. */
const expectedErrors = [
  ConfigError,
  PlacementError,
  StoreFileError,
  ListenError,
  PepperError,
  UserCommandError,
];

const program = new Command("hubbub")
  .description("A chat server: one process, one SQLite file, nothing lost.")
  .version(typeof HUBBUB_COMMIT === "undefined" ? version : `${version} (${HUBBUB_COMMIT})`)
  // So that `profile compare` has options of its own.
  .enablePositionalOptions()
  .showHelpAfterError("(--help shows what there is)");

withSettings(program.command("serve"), settingNames)
  .description("run the server until it gets SIGTERM or SIGINT")
  .action((_, command: Command) => runServer(configOf(command)));

withSignIn(program.command("chat"))
  .description("talk in a channel from the terminal, or from a pipe")
  .argument("<channel>", "the channel's name; it is created if there is none")
  .option("--register", "make the account first", false)
  .action(async (channel: string, options: ChatOptions) => {
    process.exitCode = await runChat(channel, options);
  });

program
  .command("inspect")
  .description("turn captured binary frames into readable JSON")
  .argument("[file]", "hex or base64 text, a frame a line, or raw bytes; standard input without it")
  .addOption(new Option("--as <kind>", "what the frames are").choices(["client", "server"]))
  .action(async (file: string | undefined, options: InspectOptions) => {
    process.exitCode = await runInspect(file, options);
  });

program
  .command("health")
  .description(
    "ask a running server whether it takes messages: exit code 0, or 1 where it does not",
  )
  .argument("[url]", "the server; without it HUBBUB_URL, or where these settings have it listen")
  .action(async (url: string | undefined) => {
    const { HUBBUB_URL } = process.env;
    const asked = url ?? HUBBUB_URL ?? localAddress(readConfig({}, process.env));
    process.exitCode = await askHealth(asked);
  });

const profile = withSignIn(program.command("profile"))
  .description("take a CPU profile of a running server, as an admin: a table and a flame graph")
  .enablePositionalOptions()
  .option("--seconds <count>", "how long it takes, at most 60", whole(1, 60), 10)
  .option("--interval-us <us>", "microseconds between samples", whole(200, 100_000), 1000)
  .option("--out <folder>", "where the files go", "out/profile")
  .action(async (options: TakeOptions) => {
    process.exitCode = await takeProfile(options);
  });
profile
  .command("compare")
  .description("print what changed from one profile to another")
  .argument("<before>", "the folder of a profile, or its .cpuprofile")
  .argument("<after>", "another one")
  .option("--out <folder>", "where compare.html goes, which has both flame graphs")
  .action(async (before: string, after: string, { out }: { out?: string }) => {
    process.exitCode = await compareProfiles(before, after, out);
  });

const user = program.command("user").description("look after accounts; works beside the server");
const role = () =>
  new Option("--role <role>", "what the account may do").choices(roles).default("user");
withSettings(user.command("add"), hashSettings)
  .description("make an account; its password is asked for, or read from HUBBUB_PASSWORD")
  .argument("<name>")
  .addOption(role())
  .action((name: string, options: { role: "user" | "monitor" | "admin" }, command: Command) =>
    addUser(configOf(command), name, options.role),
  );
withSettings(user.command("role"), fileSettings)
  .description("change what an account may do, its open connections included")
  .argument("<name>")
  .argument("<role>", "user, monitor or admin")
  .action((name: string, role: string, _, command: Command) =>
    setRole(configOf(command), name, role),
  );
withSettings(user.command("password"), hashSettings)
  .description(
    "set a password, asked for or read from HUBBUB_PASSWORD, and end all sign-ins of the account",
  )
  .argument("<name>")
  .action((name: string, _, command: Command) => setPassword(configOf(command), name));
withSettings(user.command("disable"), fileSettings)
  .description("let nobody use an account, and end all its sign-ins and connections")
  .argument("<name>")
  .action((name: string, _, command: Command) => disableUser(configOf(command), name));
withSettings(user.command("enable"), fileSettings)
  .description("let a disabled account be used again, by a new sign-in")
  .argument("<name>")
  .action((name: string, _, command: Command) => enableUser(configOf(command), name));
withSettings(user.command("import"), hashSettings)
  .description("make the accounts of a file: a JSON object a line, with name, password, role")
  .argument("<file>")
  .action((file: string, _, command: Command) => importUsers(configOf(command), file));
withSettings(user.command("factors"), fileSettings)
  .description("say which second factors an account has, or remove them for who has lost them")
  .argument("<name>")
  .option("--remove", "remove all of them", false)
  .action((name: string, options: FactorOptions, command: Command) =>
    userFactors(configOf(command), name, options),
  );
withSettings(user.command("list"), fileSettings)
  .description("list the accounts")
  .action((_, command: Command) => listUsers(configOf(command)));

addAdministration(program, {
  onFile: (command) => withSettings(command, fileSettings),
  configOf,
});

const pepper = program
  .command("pepper")
  .description("look after the secret in all password hashes; works beside the server");
withSettings(pepper.command("list"), pepperSettings)
  .description("list the peppers by their ids, and how many accounts need each")
  .action((_, command: Command) => listPeppers(configOf(command)));
withSettings(pepper.command("rotate"), pepperSettings)
  .description("add a new pepper; each account gets it at its next sign-in")
  .action((_, command: Command) => rotatePepper(configOf(command)));

doctorCommand(withSettings(program.command("doctor"), settingNames), configOf);
withSettings(program.command("stats"), [...fileSettings, "backups"])
  .description("count accounts, channels, messages and bytes, beside the server")
  .option("--json", "tell it as JSON", false)
  .action((options: { json: boolean }, command: Command) => showStats(configOf(command), options));

withSettings(program.command("backup"), pepperSettings)
  .description("make a backup of the database, beside the server or without it, and check it")
  .argument("<file>", "where it goes; never overwritten")
  .option("--check", "check a backup that is there instead", false)
  .option("--keys <folder>", "also copy the keys, to a folder that is kept apart")
  .option("--json", "tell what was made as JSON", false)
  .action((file: string, options: BackupOptions, command: Command) =>
    runBackup(configOf(command), file, options),
  );
withSettings(program.command("restore"), pepperSettings)
  .description("put a backup in the place of the database, while no server runs")
  .argument("<file>", "the backup")
  .option("--replace", "also where there is a database; it is kept under another name", false)
  .option("--keep-sign-ins", "for a backup that is minutes old: nobody has to sign in again", false)
  .action((file: string, options: RestoreOptions, command: Command) =>
    runRestore(configOf(command), file, options),
  );

// Whoever reads it has gone, or its disk is full.
process.stdout.on("error", (error) => {
  failWith(error, expectedErrors);
  process.exit();
});
try {
  await program.parseAsync();
} catch (error) {
  failWith(error, expectedErrors);
}

/** The options of commands that sign in to a server. */
function withSignIn(command: Command): Command {
  return command
    .addOption(
      new Option("--url <url>", "the server").env("HUBBUB_URL").default("http://127.0.0.1:4000"),
    )
    .addOption(new Option("--user <name>", "the account").env("HUBBUB_USER"));
}

function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It should be a whole number from ${min} to ${max}.`);
  };
}

function withSettings(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) {
    const { summary, placeholder, default: fallback } = settings[name];
    const shown = fallback === "" ? "empty" : fallback;
    const text = `${summary} (${variableOf(name)}; default ${shown})`;
    command.addOption(new Option(`${flagOf(name)} <${placeholder}>`, text));
  }
  return command;
}

function configOf(command: Command): Config {
  return readConfig(command.opts(), process.env);
}

async function runServer(config: Config): Promise<void> {
  const log = createLog(config.logLevel, config.logFormat);
  const fatal = (error: unknown) => {
    log.fatal({ err: error }, "the server cannot go on");
    process.exit(1);
  };
  process.on("uncaughtException", fatal);
  process.on("unhandledRejection", fatal);

  const running = await serve(config, log, fatal);
  // Before it says that it listens: whoever reads that may want to stop it.
  let isStopping = false;
  const onSignal = () => {
    // What was acknowledged is on disk already, so nothing is lost by leaving at any moment.
    if (isStopping) process.exit(1);
    isStopping = true;
    void stopServer(running, config, log);
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);

  const { text, fields } = banner(running, config, version);
  // Programs that read the log get an event; people get lines.
  if (config.logFormat === "json" || (config.logFormat === "auto" && !process.stdout.isTTY)) {
    log.info(fields, "listening");
  } else process.stdout.write(text);
}

async function stopServer(
  running: Running,
  config: Config,
  log: ReturnType<typeof createLog>,
): Promise<void> {
  log.info("stopping; a second signal stops at once");
  const limit = setTimeout(() => {
    log.error({ seconds: config.stopSeconds }, "stopping took too long");
    process.exit(1);
  }, config.stopSeconds * 1000);
  try {
    await running.stop();
    clearTimeout(limit);
    log.info("stopped");
    process.exit(0);
  } catch (error) {
    log.error({ err: error }, "stopped, but not everything could be written");
    process.exit(1);
  }
}
