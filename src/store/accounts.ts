import type { Database } from "bun:sqlite";
import { nameKey } from "../wire/names.ts";
import { accountChangeJobs } from "./account_changes.ts";
import { reading } from "./errors.ts";
import { GENERAL_CHANNEL_ID } from "./schema.ts";
import { sessionJobs } from "./sign_ins.ts";

/** What an account may do. `monitor` and `admin` get the server's figures with each pong. */
export type Role = "user" | "monitor" | "admin";

/** An account as it is told to others: everything but its password's hash. */
export interface Account {
  readonly id: number;
  /** As it was registered. */
  readonly name: string;
  readonly role: Role;
}

/** What a password is checked against. The account stands apart, so that the hash never leaves with it. */
export interface Credentials {
  readonly account: Account;
  readonly passwordHash: string;
  /** Raised with each change of the password, and by disabling. */
  readonly epoch: number;
}

interface CredentialsRow extends Account {
  readonly passwordHash: string;
  readonly epoch: number;
}

/** One sign-in of an account. Times are milliseconds since the Unix epoch. */
export interface Session {
  readonly id: string;
  readonly label: string;
  readonly createdMs: number;
  readonly usedMs: number;
  readonly expiresMs: number;
}

/** The same, with the channels that the account is in. */
export interface Arriving extends Standing {
  readonly channels: readonly number[];
}

interface ArrivingRow extends Standing {
  /** Separated by commas; null where there are none. */
  readonly channelIds: string | null;
}

export interface NewAccount {
  readonly name: string;
  /** In the PHC string format: `$argon2id$v=19$m=...,t=...,p=...,keyid=...$...`. */
  readonly passwordHash: string;
  readonly role: Role;
  readonly nowMs: number;
}

/** An account as it stands now, beside a session of it. */
export interface Standing extends Account {
  /** Access tokens of another epoch are void. */
  readonly epoch: number;
  /** 1 or 0: SQLite has no other truth. */
  readonly isDisabled: number;
  /** The session's, in ms since the Unix epoch; null where it has ended. */
  readonly expiresMs: number | null;
}

/** The writes of accounts and their sessions. They run on the writer thread: see jobs.ts. */
export function accountJobs(db: Database, sessions = sessionJobs(db)) {
  const insert = db.prepare<Account, [string, string, string, Role, number]>(
    `INSERT INTO account (name, name_key, password_hash, role, created_ms) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (name_key) DO NOTHING RETURNING id, name, role`,
  );
  const subscribe = db.prepare<unknown, [number, number]>(
    "INSERT INTO subscription (account_id, channel_id) VALUES (?, ?)",
  );
  // What only other jobs use is no job itself.
  const {
    obstacleTo,
    createSession,
    beginFamily,
    hasSession,
    endAllSessions,
    endOtherSessions,
    ...rest
  } = sessions;

  return {
    ...rest,
    ...accountChangeJobs(db, { beginFamily, hasSession, endAllSessions, endOtherSessions }),

    /** Makes an account that has joined the general channel. The name must have been validated. */
    createAccount({ name, passwordHash, role, nowMs }: NewAccount): Account | "name taken" {
      const account = insert.get(name, nameKey(name), passwordHash, role, nowMs);
      if (account === null) return "name taken";
      subscribe.run(account.id, GENERAL_CHANNEL_ID);
      return account;
    },
  };
}

/**
 * Reads of accounts and sessions on the calling thread, each one or two look-ups in an index.
 * They see everything that was committed before they are called.
 *
 * Every method throws a StoreError where the disk refuses.
 */
export class AccountReads {
  readonly #db: Database;
  readonly #byName;
  readonly #byId;
  readonly #standing;
  readonly #arriving;
  readonly #sessions;

  /** @param db Open for as long as this is used. */
  constructor(db: Database) {
    this.#db = db;
    const credentials = "SELECT id, name, role, password_hash AS passwordHash, epoch FROM account";
    this.#byName = db.prepare<CredentialsRow, [string]>(`${credentials} WHERE name_key = ?`);
    this.#byId = db.prepare<CredentialsRow, [number]>(`${credentials} WHERE id = ?`);
    // Subqueries and not joins: a join is planned anew whenever other values are bound to it, which
    // takes longer than all the look-ups together.
    const standing = `id, name, role, epoch, disabled_ms IS NOT NULL AS isDisabled,
      (SELECT expires_ms FROM session WHERE id = ? AND account_id = account.id) AS expiresMs`;
    this.#standing = db.prepare<Standing, [string, number]>(
      `SELECT ${standing} FROM account WHERE id = ?`,
    );
    this.#arriving = db.prepare<ArrivingRow, [string, number]>(
      `SELECT ${standing}, (SELECT group_concat(channel_id) FROM subscription
         WHERE account_id = account.id) AS channelIds
       FROM account WHERE id = ?`,
    );
    this.#sessions = db.prepare<Session, [number, number]>(
      `SELECT id, label, created_ms AS createdMs, used_ms AS usedMs, expires_ms AS expiresMs
       FROM session WHERE account_id = ? AND expires_ms > ? ORDER BY used_ms DESC, id`,
    );
  }

  /** Whether there is an account whose password's hash has a pepper in it. */
  needsPepper(): boolean {
    return reading(() => needsPepper(this.#db));
  }

  /** Those of the account with that name, compared case-insensitively. */
  credentialsByName(name: string): Credentials | undefined {
    return credentialsOf(reading(() => this.#byName.get(nameKey(name))));
  }

  credentialsById(accountId: number): Credentials | undefined {
    return credentialsOf(reading(() => this.#byId.get(accountId)));
  }

  /** How an account and a session of it stand; undefined where there is no such account. */
  standing(accountId: number, sessionId: string): Standing | undefined {
    return reading(() => this.#standing.get(sessionId, accountId)) ?? undefined;
  }

  /** Whether the account's session has not been ended. */
  readonly isLive = (accountId: number, sessionId: string): boolean =>
    (this.standing(accountId, sessionId)?.expiresMs ?? null) !== null;

  /** The same, with the channels that the account is in, for a connection. */
  arriving(accountId: number, sessionId: string): Arriving | undefined {
    const row = reading(() => this.#arriving.get(sessionId, accountId));
    if (row === null) return undefined;
    const { channelIds, ...standing } = row;
    return { ...standing, channels: channelIds?.split(",").map(Number) ?? [] };
  }

  /** The account's sessions, the one used last first. */
  sessionsOf(accountId: number, nowMs: number): readonly Session[] {
    return reading(() => this.#sessions.all(accountId, nowMs));
  }
}

/** How often each pepper is in the accounts' hashes, by its id; null stands for no pepper. */
export function peppersInUse(db: Database): ReadonlyMap<string | null, number> {
  const rows = db
    .query<{ id: string | null; accounts: number }, []>(
      `SELECT iif(at = 0, NULL, substr(rest, 1, instr(rest, '$') - 1)) AS id, count(*) AS accounts
       FROM (SELECT instr(password_hash, ',keyid=') AS at,
               substr(password_hash, instr(password_hash, ',keyid=') + 7) AS rest FROM account)
       GROUP BY 1`,
    )
    .all();
  return new Map(rows.map(({ id, accounts }) => [id, accounts]));
}

/** Whether there is an account whose password's hash has a pepper in it. */
export function needsPepper(db: Database): boolean {
  return (
    db.query("SELECT 1 FROM account WHERE instr(password_hash, ',keyid=') LIMIT 1").get() !== null
  );
}

function credentialsOf(row: CredentialsRow | null): Credentials | undefined {
  if (row === null) return undefined;
  const { passwordHash, epoch, ...account } = row;
  return { account, passwordHash, epoch };
}
