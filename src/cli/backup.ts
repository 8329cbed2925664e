import { existsSync, realpathSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { dirname, resolve } from "node:path";
import type { Config } from "../config.ts";
import { makeBackup } from "../store/backups/backup.ts";
import { type Contents, checkDatabase } from "../store/backups/check.ts";
import { UserCommandError } from "./account_file.ts";
import { copyKeys } from "./key_copies.ts";

export interface BackupOptions {
  readonly check: boolean;
  readonly keys?: string;
  readonly json: boolean;
}

/**
 * `hubbub backup`: makes a backup of the database, beside a running server or without one, or with
 * `--check` checks one that is there.
 *
 * @throws UserCommandError, StoreFileError.
 */
export async function runBackup(config: Config, file: string, options: BackupOptions) {
  // What has to be quick on this machine is the server.
  setPriority(constants.priority.PRIORITY_LOW);
  if (options.check) {
    const contents = checkDatabase(file, "whole");
    return tell(options, { file, ...contents }, `${file} is whole: ${summaryOf(contents)}.`);
  }
  if (!existsSync(config.data)) {
    throw new UserCommandError(`There is no ${config.data}. Name the database with --data.`);
  }
  const source = realpathSync(config.data);
  const target = resolve(file);
  const made = await makeBackup(source, target);
  const seconds = (made.ms / 1000).toFixed(1);
  tell(options, made, `${file} has ${summaryOf(made)}; made and checked in ${seconds} s.`);
  if (options.keys !== undefined) {
    const keys = copyKeys(config, resolve(options.keys), dirname(target));
    if (!options.json)
      say(`${options.keys} has ${keys.join(", ")}. Keep it apart from the backup.`);
  } else if (!options.json) {
    say("The keys beside the database are not in it. Keep a copy of them apart: --keys FOLDER");
  }
}

function summaryOf({ bytes, messages, channels, accounts }: Contents): string {
  const mb = (bytes / 1e6).toLocaleString("en", { maximumFractionDigits: 1 });
  return `${counted(messages, "message")} in ${counted(channels, "channel")}, ${counted(accounts, "account")}, ${mb} MB`;
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

function tell(options: BackupOptions, fields: object, sentence: string): void {
  say(options.json ? JSON.stringify(fields) : sentence);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
