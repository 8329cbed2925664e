import { Database, SQLiteError } from "bun:sqlite";
import type { Role } from "../accounts.ts";

/** Names of accounts of which a restore undoes something that was done after the backup. */
export interface Undone {
  /** Nobody might use them any more. */
  readonly disabled: readonly string[];
  /** They had another password. */
  readonly password: readonly string[];
  /** They had another role. */
  readonly role: readonly string[];
  /** They did not exist when the backup was made. */
  readonly made: readonly string[];
  /** Nothing was left of them: they are to be erased again. */
  readonly erased: readonly string[];
}

interface Row {
  readonly name: string;
  readonly disabled: number;
  readonly password_hash: string;
  readonly role: Role;
}

/**
 * Compares the accounts of a backup with those of the database that it replaces. Undefined where that
 * cannot be read, or is not what the backup was made of.
 */
export function undoneBy(backup: string, replaced: string): Undone | undefined {
  try {
    const [before, after] = [accountsOf(replaced), accountsOf(backup)];
    if (before.logId !== after.logId) return undefined;
    const names = (differs: (now: Row, then: Row | undefined) => boolean) =>
      [...before.accounts]
        .filter(([id, now]) => now.name !== "" && differs(now, after.accounts.get(id)))
        .map(([, { name }]) => name);
    return {
      disabled: names((now, then) => now.disabled > (then?.disabled ?? 1)),
      password: names(
        (now, then) => then !== undefined && now.password_hash !== then.password_hash,
      ),
      role: names((now, then) => then !== undefined && now.role !== then.role),
      made: names((_, then) => then === undefined),
      erased: [...after.accounts]
        .filter(([id, { name }]) => name !== "" && before.accounts.get(id)?.name === "")
        .map(([, { name }]) => name),
    };
  } catch (error) {
    if (error instanceof SQLiteError) return undefined;
    throw error;
  }
}

function accountsOf(path: string) {
  const db = new Database(path, { readwrite: true, create: false, strict: true });
  try {
    const log = db
      .query<{ value: string }, []>("SELECT value FROM meta WHERE key = 'log_id'")
      .get();
    const rows = db
      .query<Row & { id: number }, []>(
        `SELECT id, name, disabled_ms IS NOT NULL AS disabled, password_hash, role
         FROM account ORDER BY name_key`,
      )
      .all();
    return { logId: log?.value, accounts: new Map(rows.map(({ id, ...row }) => [id, row])) };
  } finally {
    db.close();
  }
}
