import { dirname, resolve } from "node:path";
import { addPepper, pepperFileOf, readPeppers } from "../auth/pepper_file.ts";
import type { Config } from "../config.ts";
import { peppersInUse } from "../store/accounts.ts";
import { inExistingFile } from "./account_file.ts";
import { say } from "./say.ts";

/**
 * `hubbub pepper list`: a pepper a line: its id, how many accounts need it, whether it is the newest;
 * and those that are needed and missing.
 *
 * @throws UserCommandError, StoreFileError, PepperError.
 */
export function listPeppers(config: Config): void {
  const inUse = new Map(inExistingFile(config, peppersInUse));
  const { newest, byId } = readPeppers(fileOf(config), false);
  for (const id of byId.keys()) {
    const remark = id === newest.id ? "  newest: given to new hashes" : "";
    say(`${id}  ${accounts(inUse.get(id))}${remark}`);
    inUse.delete(id);
  }
  for (const [id, count] of inUse) {
    say(id === null ? `no pepper    ${accounts(count)}` : `${id}  ${accounts(count)}  MISSING`);
  }
}

/**
 * `hubbub pepper rotate`: adds a pepper.
 *
 * @throws UserCommandError, StoreFileError, PepperError.
 */
export function rotatePepper(config: Config): void {
  const file = fileOf(config);
  const id = addPepper(file);
  say(`Added the pepper ${id} to ${file}. Back the file up, and restart the server to use it.`);
  say("Keep the older ones for as long as `hubbub pepper list` says that accounts need them.");
}

function fileOf(config: Config): string {
  return pepperFileOf(config.pepperFile, dirname(resolve(config.data)));
}

function accounts(count = 0): string {
  return `${String(count).padStart(8)} accounts`;
}
