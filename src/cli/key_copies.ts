import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pepperFileOf } from "../auth/pepper_file.ts";
import type { Config } from "../config.ts";
import { beginDraft, removeDraft, syncToDisk } from "../store/backups/draft_files.ts";
import { UserCommandError } from "./account_file.ts";

/**
 * The keys of a database that are there.
 *
 * @param folder where they are to be copied, which whoever finds the backup or the data must not find.
 * @throws UserCommandError with a sentence for the operator.
 */
export function keysFor(config: Config, folder: string, backupFolder: string): readonly string[] {
  const dataFolder = dirname(resolve(config.data));
  if (folder === backupFolder || folder === dataFolder) {
    throw new UserCommandError(
      `The keys are to be kept apart: name another folder than ${folder} with --keys.`,
    );
  }
  const keys = [
    join(dataFolder, "signing.key"),
    pepperFileOf(config.pepperFile, dataFolder),
    join(dataFolder, "factors.key"),
  ].filter((key) => existsSync(key));
  if (keys.length === 0) throw new UserCommandError(`There are no keys in ${dataFolder} yet.`);
  return keys;
}

/**
 * Copies keys into a folder, for their owner's eyes only. A copy that is there and differs is kept under
 * another name, for it may be the key of an older backup.
 *
 * @throws UserCommandError with a sentence for the operator.
 */
export function copyKeys(keys: readonly string[], folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const key of keys) copyKey(key, join(folder, basename(key)));
    syncToDisk(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UserCommandError(`The keys could not be copied to ${folder} (${code}).`);
  }
}

function copyKey(key: string, copy: string): void {
  const bytes = readFileSync(key);
  if (existsSync(copy)) {
    if (readFileSync(copy).equals(bytes)) return;
    linkSync(copy, `${copy}.until-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "")}`);
  }
  const draft = beginDraft(copy);
  try {
    writeFileSync(draft, bytes);
    syncToDisk(draft);
    renameSync(draft, copy);
  } finally {
    removeDraft(draft);
  }
}
