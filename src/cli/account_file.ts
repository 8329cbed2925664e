import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { PASSWORD_CHARACTERS } from "../auth/passwords.ts";
import type { Config } from "../config.ts";
import type { Role } from "../store/accounts.ts";
import { guarded, openForWriting } from "../store/schema.ts";
import { makeFile } from "../store/store.ts";
import { refuseOlderFile } from "../store/update.ts";

/** What the operator asked for cannot be done, with a sentence that says why. */
export class UserCommandError extends Error {
  override readonly name = "UserCommandError";
}

/** Every role there is. */
export const roles: readonly Role[] = ["user", "monitor", "admin"];

export function roleNamed(name: unknown): Role | undefined {
  return roles.find((role) => role === name);
}

const { min, max } = PASSWORD_CHARACTERS;

/** What an account must be like, in the words that every command uses. */
export const rules = {
  name: "the name must have 3 to 32 characters, each a letter, a digit, or one of _ - and .",
  password: `the password must be text of ${min} to ${max} characters.`,
  passwordIsCommon: "the password is one of the most common, which are tried first.",
  passwordIsName: "the password is the account's name, which is tried first.",
  role: `the role must be one of ${roles.join(", ")}.`,
} as const;

/** The sentence that a rule is by itself. */
export function refusalBy(rule: keyof typeof rules): UserCommandError {
  const text = rules[rule];
  return new UserCommandError(text.charAt(0).toUpperCase() + text.slice(1));
}

/** Works on the data file in one transaction, beside a server or without one; makes it if need be. */
export function inFile<T>(config: Config, work: (db: Database) => T): T {
  const path = makeFile(resolve(config.data));
  refuseOlderFile(path);
  const db = openForWriting(path, config.durability);
  try {
    return guarded(path, () => db.transaction(() => work(db)).immediate());
  } finally {
    db.close();
  }
}

/** The same, but only where there is a file. */
export function inExistingFile<T>(config: Config, work: (db: Database) => T): T {
  refuseMissing(config);
  return inFile(config, work);
}

/** @throws UserCommandError where there is no data file, or it cannot be told whether there is one. */
export function refuseMissing({ data }: Pick<Config, "data">): void {
  try {
    statSync(data);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserCommandError(
      code === "ENOENT"
        ? `There is no ${data} yet. Name the file with --data.`
        : `${data} cannot be reached (${code}). Run this as the user that the server runs as.`,
    );
  }
}
