import type { Config } from "../config.ts";
import { accountJobs } from "../store/accounts.ts";
import { nameKey } from "../wire/names.ts";
import { inExistingFile, UserCommandError } from "./account_file.ts";
import { say } from "./say.ts";
import { newPasswordHash } from "./user.ts";

/*
 * Who may use an account. A server that runs on the file sees what was changed within a second, and
 * closes the connections that it ends: see store/account_watch.ts.
 */

/**
 * `hubbub user disable`: lets nobody use the account any more.
 *
 * @throws UserCommandError, StoreFileError.
 */
export function disableUser(config: Config, name: string): void {
  const ended = onAccount(config, name, (jobs, id) => jobs.disableAccount(id, Date.now()));
  say(
    ended === undefined
      ? `${name} was disabled already.`
      : `${name} is disabled; ${signInsOf(ended)} ended.`,
  );
}

/**
 * `hubbub user enable`: lets a disabled account be used again, by a new sign-in.
 *
 * @throws UserCommandError, StoreFileError.
 */
export function enableUser(config: Config, name: string): void {
  const isChanged = onAccount(config, name, (jobs, id, isHalfErased) => {
    if (!isHalfErased) return jobs.enableAccount(id);
    throw new UserCommandError(
      `${name} is half erased. Give the command erase again: it does what is left to do.`,
    );
  });
  say(isChanged ? `${name} may sign in again.` : `${name} was not disabled.`);
}

/**
 * `hubbub user password`: sets another password and ends everything that is signed in. The password
 * is that of `HUBBUB_PASSWORD`, or is asked for.
 *
 * @throws UserCommandError, StoreFileError.
 */
export async function setPassword(config: Config, name: string): Promise<void> {
  // Before the password is asked for.
  onAccount(config, name, () => {});
  const passwordHash = await newPasswordHash(config, name);
  const ended = onAccount(config, name, (jobs, id) => jobs.setPassword(id, passwordHash));
  say(`${name} has a new password; ${signInsOf(ended ?? [])} ended.`);
}

function onAccount<T>(
  config: Config,
  name: string,
  work: (jobs: ReturnType<typeof accountJobs>, id: number, isHalfErased: boolean) => T,
): T {
  return inExistingFile(config, (db) => {
    const account = db
      .query<{ id: number; erased_ms: number | null }, [string]>(
        "SELECT id, erased_ms FROM account WHERE name_key = ?",
      )
      .get(nameKey(name));
    if (account === null) throw new UserCommandError(`There is no account ${name}.`);
    return work(accountJobs(db), account.id, account.erased_ms !== null);
  });
}

function signInsOf(ended: readonly string[]): string {
  return ended.length === 1 ? "1 sign-in has" : `${ended.length} sign-ins have`;
}
