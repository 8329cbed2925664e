import { readFileSync, writeFileSync } from "node:fs";
import { accountNamePattern } from "../src/wire/names.ts";

/** One account of the pool. */
export interface Account {
  readonly name: string;
  readonly password: string;
  readonly role: "user" | "monitor" | "admin";
}

export interface Pool {
  readonly users: readonly Account[];
  /** Whose pongs carry the server's figures. */
  readonly monitor: Account;
}

/** The pool file is not as it should be, with a sentence that says why. */
export class PoolError extends Error {
  override readonly name = "PoolError";
}

/**
 * Accounts for `count` virtual users, and a monitor. They share one random password, so that
 * importing thousands costs one hash; they are for test servers only.
 *
 * @param monitorRole an admin is told the server's figures as well.
 */
export function makePool(count: number, monitorRole: "monitor" | "admin" = "monitor"): Pool {
  const password = Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString("base64url");
  const users = Array.from({ length: count }, (_, index) => ({
    name: `load_${String(index).padStart(5, "0")}`,
    password,
    role: "user" as const,
  }));
  return { users, monitor: { name: "load_monitor", password, role: monitorRole } };
}

/** Writes a pool as JSON lines, the monitor first; only its owner can read the file. */
export function writePool(file: string, { users, monitor }: Pool): void {
  const lines = [monitor, ...users].map((account) => `${JSON.stringify(account)}\n`);
  writeFileSync(file, lines.join(""), { mode: 0o600 });
}

/** @throws PoolError where the file cannot be read, or is no pool with at least `least` users. */
export function readPool(file: string, least: number): Pool {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new PoolError(`The pool cannot be read: ${(error as Error).message}.`);
  }
  const accounts = text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    const account = accountIn(line);
    if (account !== undefined) return [account];
    throw new PoolError(`${file}, line ${index + 1}: this is no {"name", "password", "role"}.`);
  });
  const users = accounts.filter(({ role }) => role === "user");
  const monitor = accounts.find(({ role }) => role === "monitor");
  if (monitor === undefined) throw new PoolError(`${file} has no account with the role monitor.`);
  if (users.length < least) {
    throw new PoolError(
      `${file} has ${users.length} users and ${least} are asked for. Make a larger pool: bun run loadtest accounts --count ${least}`,
    );
  }
  return { users, monitor };
}

function accountIn(line: string): Account | undefined {
  try {
    const { name, password, role = "user" } = JSON.parse(line) as Partial<Account>;
    const isRight =
      typeof name === "string" && accountNamePattern.test(name) && typeof password === "string";
    return isRight && (role === "user" || role === "monitor")
      ? { name, password, role }
      : undefined;
  } catch {
    return undefined;
  }
}
