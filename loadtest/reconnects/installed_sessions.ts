import { Database } from "bun:sqlite";
import { createHmac, randomBytes } from "node:crypto";
import type { Account } from "../accounts.ts";

/*
 * Sign-ins that nobody had to hash a password for: rows in a database that no server runs on yet, and
 * access tokens signed with a secret that the server will be given. This knows how both are made
 * (src/store/schema.ts, src/auth/access_tokens.ts); where that changes, no token opens a socket, and
 * the run fails at its first connection.
 */

/** For HUBBUB_SIGNING_SECRET of a test server. */
export function makeSecret(): string {
  return randomBytes(32).toString("base64url");
}

const HOUR_MS = 60 * 60 * 1000;

/** Gives each account a session; returns an access token for each, good for an hour. */
export function installSessions(
  data: string,
  accounts: readonly Account[],
  secret: string,
): string[] {
  const db = new Database(data, { readwrite: true, strict: true });
  const nowMs = Date.now();
  try {
    const idOf = db.prepare<{ id: number }, [string]>("SELECT id FROM account WHERE name = ?");
    const insert = db.prepare<unknown, [string, number, number, number, number]>(
      `INSERT INTO session (id, account_id, label, created_ms, used_ms, expires_ms)
       VALUES (?, ?, 'load test', ?, ?, ?)`,
    );
    return db.transaction(() =>
      accounts.map(({ name }) => {
        const account = idOf.get(name);
        if (account === null) throw new Error(`loadtest/reconnects: there is no account ${name}`);
        const sid = randomBytes(16).toString("base64url");
        insert.run(sid, account.id, nowMs, nowMs, nowMs + HOUR_MS);
        return sign({ sub: String(account.id), sid, epoch: 0 }, nowMs, secret);
      }),
    )();
  } finally {
    db.close();
  }
}

function sign(claims: object, nowMs: number, secret: string): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const iat = Math.floor(nowMs / 1000);
  const all = { ...claims, aud: "hubbub", iss: "hubbub", exp: iat + HOUR_MS / 1000, iat };
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(all)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
