import { type Command, InvalidArgumentError } from "commander";
import type { Config } from "../config.ts";
import { FOREVER, type Limits, limitsOf, setLimits } from "../store/retention/limits.ts";
import { inExistingFile, UserCommandError } from "./account_file.ts";
import { idOf } from "./channel.ts";
import { say } from "./say.ts";

interface KeepOptions {
  readonly days?: number;
  readonly messages?: number;
  readonly megabytes?: number;
  readonly forever: boolean;
  readonly default: boolean;
}

/**
 * Adds the options and the action of `hubbub channel keep` to its command.
 *
 * @param configOf reads the settings of the command.
 */
export function channelKeep(command: Command, configOf: (command: Command) => Config): void {
  command
    .description(
      "say how long a channel's messages are kept, in place of HUBBUB_KEEP_DAYS; without an option, be told",
    )
    .argument("<name>")
    .option("--days <count>", "older ones go", whole)
    .option("--messages <count>", "no more than so many", whole)
    .option("--megabytes <count>", "no more than they take, as they are kept", whole)
    .option("--forever", "none goes, however large the database is", false)
    .option("--default", "as HUBBUB_KEEP_DAYS says, like channels that were never named", false)
    .action((name: string, options: KeepOptions, called: Command) =>
      keepChannel(configOf(called), name, options),
    );
}

/**
 * `hubbub channel keep`: sets a channel's limits, or says which it has. A server that runs on the file
 * follows within seconds.
 *
 * @throws UserCommandError, StoreFileError.
 */
export function keepChannel(config: Config, name: string, options: KeepOptions): void {
  const { days = null, messages = null, megabytes, forever } = options;
  const limited = days !== null || messages !== null || megabytes !== undefined;
  const choices = Number(limited) + Number(forever) + Number(options.default);
  if (choices > 1) {
    throw new UserCommandError(
      "Give --days, --messages or --megabytes, of which the first that is reached counts; or --forever; or --default.",
    );
  }
  const bytes = megabytes === undefined ? null : megabytes * 1_000_000;
  const limits = forever
    ? FOREVER
    : limited
      ? { isForever: false, days, messages, bytes }
      : undefined;
  const now = inExistingFile(config, (db) => {
    const id = idOf(db, name);
    if (choices > 0) setLimits(db, id, limits);
    return limitsOf(db, id);
  });
  say(`${name}: ${sentenceOf(now)}.`);
}

function sentenceOf(limits: Limits | undefined): string {
  if (limits === undefined) return "messages are kept as HUBBUB_KEEP_DAYS says";
  if (limits.isForever) return "messages are kept for ever";
  const { days, messages, bytes } = limits;
  const most = [
    days !== null && `${days} days`,
    messages !== null && `${messages} messages`,
    bytes !== null && `${bytes / 1_000_000} MB`,
  ].filter((part) => part !== false);
  return `kept are at most ${most.join(", ")}`;
}

function whole(text: string): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError("It should be a whole number above 0.");
}
