import { dirname, resolve } from "node:path";
import { HashChild } from "../auth/hash_child.ts";
import { pepperFileOf } from "../auth/pepper_file.ts";
import type { Config } from "../config.ts";
import { createLog } from "../monitor/log.ts";
import { needsPepper } from "../store/accounts.ts";
import { inFile, UserCommandError } from "./account_file.ts";

/**
 * Hashes normalized passwords as the server does, by the same child process with the same pepper:
 * each one's hash, or "common" where it is on the list of common passwords.
 *
 * @throws UserCommandError, StoreFileError.
 */
export async function hashesOf(
  config: Config,
  passwords: readonly string[],
): Promise<ReadonlyMap<string, string | "common">> {
  const hashes = new Map<string, string>();
  if (passwords.length === 0) return hashes;
  const { hashMemoryKib: memoryKib, hashPasses: passes } = config;
  const child = new HashChild(
    {
      mayMakePepper: !inFile(config, needsPepper),
      pepperFile: pepperFileOf(config.pepperFile, dirname(resolve(config.data))),
      cost: { memoryKib, passes },
    },
    createLog("silent", "json"),
  );
  try {
    for (const password of new Set(passwords)) hashes.set(password, await hashBy(child, password));
    return hashes;
  } finally {
    await child.stop();
  }
}

async function hashBy(child: HashChild, password: string): Promise<string | "common"> {
  const answer = await child.hash(password).catch(() => undefined);
  if (answer !== undefined) {
    if ("hash" in answer) return answer.hash;
    if ("isCommon" in answer) return "common";
    if ("pepperTrouble" in answer) throw new UserCommandError(answer.pepperTrouble);
  }
  throw new UserCommandError("The password could not be hashed: the process that does it failed.");
}
