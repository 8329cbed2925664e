import type { Config } from "../config.ts";
import { FactorReads } from "../store/factor_reads.ts";
import { jobs } from "../store/jobs.ts";
import { nameKey } from "../wire/names.ts";
import { inExistingFile, UserCommandError } from "./account_file.ts";
import { say } from "./say.ts";

export interface FactorOptions {
  /** Remove them all. */
  readonly remove: boolean;
}

/**
 * `hubbub user factors`: says which second factors an account has, or removes them for somebody who
 * has lost them all and signs in by the password alone from then on. Works beside a running server;
 * open sessions go on.
 *
 * @throws UserCommandError, StoreFileError.
 */
export function userFactors(config: Config, name: string, { remove }: FactorOptions): void {
  const sentence = inExistingFile(config, (db) => {
    const account = db
      .query<{ id: number }, [string]>("SELECT id FROM account WHERE name_key = ?")
      .get(nameKey(name));
    if (account === null) throw new UserCommandError(`There is no account ${name}.`);
    const reads = new FactorReads(db);
    if (!reads.hasFactor(account.id)) return `${name} has no second factor.`;
    const passkeys = reads.passkeysOf(account.id);
    const parts = [
      ...(reads.totpOf(account.id) === undefined ? [] : ["one-time codes"]),
      ...passkeys.map((passkey) => `the passkey "${passkey.name}"`),
      `${reads.recoveryCodesLeft(account.id)} recovery codes`,
    ];
    if (!remove) return `${name} has ${parts.join(", ")}.`;
    jobs(db).removeFactors(account.id);
    return `Removed from ${name}: ${parts.join(", ")}. The password alone is enough now.`;
  });
  say(sentence);
}
