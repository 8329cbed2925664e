import type { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { argon2id } from "../auth/argon2id.ts";
import { normalizePassword, PASSWORD_CHARACTERS } from "../auth/passwords.ts";
import type { Config } from "../config.ts";
import { accountJobs, type Role } from "../store/accounts.ts";
import { guarded, openForWriting } from "../store/schema.ts";
import { makeFile } from "../store/store.ts";
import { accountNamePattern, nameKey } from "../wire/names.ts";
import { askHidden } from "./hidden_input.ts";

/** What the operator asked for cannot be done, with a sentence that says why. */
export class UserCommandError extends Error {
  override readonly name = "UserCommandError";
}

const roles: readonly string[] = ["user", "monitor", "admin"] satisfies Role[];

/**
 * `hubbub user add`: makes an account in the file, whether a server is running on it or not. The
 * password is that of `HUBBUB_PASSWORD`, or is asked for.
 *
 * @throws UserCommandError, StoreFileError.
 */
export async function addUser(config: Config, name: string, role: Role): Promise<void> {
  if (!accountNamePattern.test(name)) {
    throw new UserCommandError(
      "The name must have 3 to 32 characters, each a letter, a digit, or one of _ - and .",
    );
  }
  const given = process.env.HUBBUB_PASSWORD || (await askHidden(`New password of ${name}: `));
  if (given === undefined) {
    throw new UserCommandError("There is no password: set HUBBUB_PASSWORD, or use a terminal.");
  }
  const password = normalizePassword(given);
  if (password === undefined) {
    const { min, max } = PASSWORD_CHARACTERS;
    throw new UserCommandError(`The password must have ${min} to ${max} characters.`);
  }
  const passwordHash = await argon2id.hash(password);
  const nowMs = Date.now();
  makeFile(resolve(config.data));
  const account = inFile(config, (db) =>
    accountJobs(db).createAccount({ name, passwordHash, role, nowMs }),
  );
  if (account === "name taken") throw new UserCommandError(`There is an account ${name} already.`);
  say(`Made the account ${account.name} with the role ${account.role}.`);
}

/**
 * `hubbub user role`: changes what an account may do, from its next connection on.
 *
 * @throws UserCommandError, StoreFileError.
 */
export function setRole(config: Config, name: string, role: string): void {
  if (!isRole(role)) throw new UserCommandError(`The role must be one of ${roles.join(", ")}.`);
  const isChanged = inExistingFile(config, (db) => {
    const account = db
      .query<{ id: number }, [string]>("SELECT id FROM account WHERE name_key = ?")
      .get(nameKey(name));
    return account !== null && accountJobs(db).setRole(account.id, role);
  });
  if (!isChanged) throw new UserCommandError(`There is no account ${name}.`);
  say(`${name} has the role ${role} from the next connection on.`);
}

/** `hubbub user list`: an account a line: name, role, day of its making. */
export function listUsers(config: Config): void {
  const accounts = inExistingFile(config, (db) =>
    db
      .query<{ name: string; role: Role; created_ms: number }, []>(
        "SELECT name, role, created_ms FROM account ORDER BY name_key",
      )
      .all(),
  );
  if (accounts.length === 0) say("There are no accounts yet. Make one: hubbub user add NAME");
  for (const { name, role, created_ms } of accounts) {
    say(
      `${name.padEnd(32)}  ${role.padEnd(7)}  ${new Date(created_ms).toISOString().slice(0, 10)}`,
    );
  }
}

function isRole(role: string): role is Role {
  return roles.includes(role);
}

function inExistingFile<T>(config: Config, work: (db: Database) => T): T {
  if (!existsSync(config.data)) {
    throw new UserCommandError(`There is no ${config.data} yet. Name the file with --data.`);
  }
  return inFile(config, work);
}

function inFile<T>(config: Config, work: (db: Database) => T): T {
  const path = resolve(config.data);
  const db = openForWriting(path, config.durability);
  try {
    return guarded(path, () => db.transaction(() => work(db)).immediate());
  } finally {
    db.close();
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
