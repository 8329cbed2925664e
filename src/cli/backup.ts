import { realpathSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { basename, dirname, resolve } from "node:path";
import type { Config } from "../config.ts";
import { type Contents, checkDatabase } from "../store/backups/check.ts";
import { draftOf } from "../store/backups/draft_files.ts";
import { makeBackupInThread } from "../store/backups/thread.ts";
import { refuseMissing } from "./account_file.ts";
import { counted } from "./counted.ts";
import { harmlessJson } from "./harmless_text.ts";
import { copyKeys, keysFor } from "./key_copies.ts";
import { say } from "./say.ts";
import { removingUnfinished } from "./unfinished.ts";

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
  refuseMissing(config);
  const source = realpathSync(config.data);
  const target = resolve(file);
  const keyFolder = options.keys === undefined ? undefined : resolve(options.keys);
  const keys = keyFolder === undefined ? [] : keysFor(config, keyFolder, dirname(target));
  const made = await removingUnfinished([draftOf(target)], () =>
    makeBackupInThread(source, target),
  );
  const seconds = (made.ms / 1000).toFixed(1);
  tell(options, made, `${file} has ${summaryOf(made)}; made and checked in ${seconds} s.`);
  // After the backup, so that they are all that it can need.
  if (keyFolder !== undefined) copyKeys(keys, keyFolder);
  if (options.json) return;
  if (keyFolder === undefined) {
    say("The keys beside the database are not in it. Keep a copy of them apart: --keys FOLDER");
  } else {
    const names = keys.map((key) => basename(key)).join(", ");
    say(`${options.keys} has ${names}. Keep it apart from the backup.`);
  }
}

function summaryOf({ bytes, messages, channels, accounts }: Contents): string {
  const mb = (bytes / 1e6).toLocaleString("en", { maximumFractionDigits: 1 });
  return `${counted(messages, "message")} in ${counted(channels, "channel")}, ${counted(accounts, "account")}, ${mb} MB`;
}

function tell(options: BackupOptions, fields: object, sentence: string): void {
  say(options.json ? harmlessJson(fields) : sentence);
}
