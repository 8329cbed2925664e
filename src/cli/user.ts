import { isAccountName, normalizePassword } from "../auth/passwords.ts";
import type { Config } from "../config.ts";
import { accountJobs, type Role } from "../store/accounts.ts";
import { accountNamePattern, nameKey } from "../wire/names.ts";
import { inExistingFile, inFile, refusalBy, roleNamed, UserCommandError } from "./account_file.ts";
import { hashesOf } from "./hashes.ts";
import { askHidden } from "./hidden_input.ts";
import { say } from "./say.ts";

/**
 * `hubbub user add`: makes an account in the file, whether a server is running on it or not. The
 * password is that of `HUBBUB_PASSWORD`, or is asked for.
 *
 * @throws UserCommandError, StoreFileError.
 */
export async function addUser(config: Config, name: string, role: Role): Promise<void> {
  if (!accountNamePattern.test(name)) throw refusalBy("name");
  const passwordHash = await newPasswordHash(config, name);
  const nowMs = Date.now();
  const account = inFile(config, (db) =>
    accountJobs(db).createAccount({ name, passwordHash, role, nowMs }),
  );
  if (account === "name taken") throw new UserCommandError(`There is an account ${name} already.`);
  say(`Made the account ${account.name} with the role ${account.role}.`);
}

/**
 * The hash of a password for the account: that of `HUBBUB_PASSWORD`, or one that is asked for.
 *
 * @throws UserCommandError.
 */
export async function newPasswordHash(config: Config, name: string): Promise<string> {
  const given = process.env.HUBBUB_PASSWORD || (await askHidden(`New password of ${name}: `));
  if (given === undefined) {
    throw new UserCommandError("There is no password: set HUBBUB_PASSWORD, or use a terminal.");
  }
  const password = normalizePassword(given);
  if (password === undefined) throw refusalBy("password");
  if (isAccountName(password, name)) throw refusalBy("passwordIsName");
  const hash = (await hashesOf(config, [password])).get(password);
  if (hash === "common") throw refusalBy("passwordIsCommon");
  return hash as string;
}

/**
 * `hubbub user role`: changes what an account may do, on open connections within a second.
 *
 * @throws UserCommandError, StoreFileError.
 */
export function setRole(config: Config, name: string, role: string): void {
  const known = roleNamed(role);
  if (known === undefined) throw refusalBy("role");
  const isChanged = inExistingFile(config, (db) => {
    const account = db
      .query<{ id: number }, [string]>("SELECT id FROM account WHERE name_key = ?")
      .get(nameKey(name));
    return account !== null && accountJobs(db).setRole(account.id, known);
  });
  if (!isChanged) throw new UserCommandError(`There is no account ${name}.`);
  say(`${name} has the role ${role} now.`);
}

interface ListRow {
  readonly name: string;
  readonly role: Role;
  readonly created_ms: number;
  readonly disabled_ms: number | null;
  readonly erased_ms: number | null;
}

/** `hubbub user list`: an account a line: name, role, day of its making, and whether it is disabled. */
export function listUsers(config: Config): void {
  const accounts = inExistingFile(config, (db) =>
    db
      .query<ListRow, []>(
        `SELECT name, role, created_ms, disabled_ms, erased_ms FROM account
         WHERE name != '' ORDER BY name_key`,
      )
      .all(),
  );
  if (accounts.length === 0) say("There are no accounts yet. Make one: hubbub user add NAME");
  for (const { name, role, created_ms, disabled_ms, erased_ms } of accounts) {
    const day = new Date(created_ms).toISOString().slice(0, 10);
    const disabled = disabled_ms === null ? "" : "  disabled";
    const state = erased_ms === null ? disabled : "  half erased";
    say(`${name.padEnd(32)}  ${role.padEnd(7)}  ${day}${state}`);
  }
}
