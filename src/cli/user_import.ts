import { readFileSync } from "node:fs";
import { isAccountName, normalizePassword } from "../auth/passwords.ts";
import { HASH_BOUNDS, readStoredHash } from "../auth/stored_hash.ts";
import type { Config } from "../config.ts";
import { accountJobs, type Role } from "../store/accounts.ts";
import { accountNamePattern } from "../wire/names.ts";
import { inFile, roleNamed, rules, UserCommandError } from "./account_file.ts";
import { hashesOf } from "./hashes.ts";
import { say } from "./say.ts";

/** One account of the file, checked. */
interface NewUser {
  readonly line: number;
  readonly name: string;
  readonly secret: { readonly password: string } | { readonly passwordHash: string };
  readonly role: Role;
}

const { memoryKib, passes, lanes } = HASH_BOUNDS;

/**
 * `hubbub user import`: makes the accounts of a file, all or none, whether a server is running on
 * the database or not. The file has a JSON object a line:
 *
 *     {"name": "ada", "password": "correct horse battery", "role": "admin"}
 *     {"name": "bob", "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$...$..."}
 *
 * A role that is not given is `user`. Names that exist already are left as they are, and told.
 * Each different password is hashed once, however many accounts have it. Hashes of other servers are
 * taken as they are, and replaced by our own at the first sign-in.
 *
 * @throws UserCommandError with the line where the file is wrong; StoreFileError.
 */
export async function importUsers(config: Config, file: string): Promise<void> {
  const users = readUsers(file);
  const hashes = await hashesOf(
    config,
    users.flatMap(({ secret }) => ("password" in secret ? [secret.password] : [])),
  );
  for (const { line, secret } of users) {
    if ("password" in secret && hashes.get(secret.password) === "common") {
      throw refusedLine(file, line, rules.passwordIsCommon);
    }
  }
  const nowMs = Date.now();
  const existing = inFile(config, (db) => {
    const accounts = accountJobs(db);
    return users.filter(({ name, role, secret }) => {
      const passwordHash =
        "passwordHash" in secret ? secret.passwordHash : (hashes.get(secret.password) as string);
      return accounts.createAccount({ name, passwordHash, role, nowMs }) === "name taken";
    });
  });
  say(`Made ${users.length - existing.length} of ${users.length} accounts.`);
  for (const { line, name } of existing) {
    say(`Line ${line}: there is an account ${name} already.`);
  }
}

function readUsers(file: string): NewUser[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UserCommandError(`${file} cannot be read: ${(error as Error).message}.`);
  }
  return text.split("\n").flatMap((content, index) => {
    if (content.trim() === "") return [];
    const user = userIn(content, index + 1);
    if (typeof user !== "string") return [user];
    throw refusedLine(file, index + 1, user);
  });
}

/** The line itself is not shown: it has a password. */
function refusedLine(file: string, line: number, sentence: string): UserCommandError {
  return new UserCommandError(`${file}, line ${line}: ${sentence} Nothing was imported.`);
}

/** The account that a line describes, or a sentence that says what is wrong with it. */
function userIn(content: string, line: number): NewUser | string {
  let fields: unknown;
  try {
    fields = JSON.parse(content);
  } catch {
    return "this is no JSON.";
  }
  if (typeof fields !== "object" || fields === null) return "this is no JSON object.";
  const { name, password, password_hash: passwordHash, role = "user" } = fields as FileFields;
  if (typeof name !== "string" || !accountNamePattern.test(name)) {
    return rules.name;
  }
  const known = roleNamed(role);
  if (known === undefined) return rules.role;
  if ((password === undefined) === (passwordHash === undefined)) {
    return "there must be either a password or a password_hash.";
  }
  if (passwordHash !== undefined) {
    if (typeof passwordHash !== "string" || readStoredHash(passwordHash) === undefined) {
      return `the password_hash must be Argon2id's, as $argon2id$v=19$m=...,t=...,p=...$salt$hash, with m from ${memoryKib.min} to ${memoryKib.max}, t from ${passes.min} to ${passes.max} and p from ${lanes.min} to ${lanes.max}.`;
    }
    return { line, name, secret: { passwordHash }, role: known };
  }
  const normalized = typeof password === "string" ? normalizePassword(password) : undefined;
  if (normalized === undefined) return rules.password;
  if (isAccountName(normalized, name)) return rules.passwordIsName;
  return { line, name, secret: { password: normalized }, role: known };
}

interface FileFields {
  readonly name?: unknown;
  readonly password?: unknown;
  readonly password_hash?: unknown;
  readonly role?: unknown;
}
