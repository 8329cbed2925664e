import type { Database } from "bun:sqlite";
import { accountJobs } from "./accounts.ts";
import { factorJobs } from "./factors.ts";
import { noticeWrites } from "./notices.ts";
import { sessionJobs } from "./sign_ins.ts";

/**
 * The first and the last step of erasing an account; its messages come in between, see message_changes.ts.
 * The name goes last: until then the command can be given again, and does what is left to do. To be called in
 * a transaction.
 */
export function erasure(db: Database) {
  const sessions = sessionJobs(db);
  const accounts = accountJobs(db, sessions);
  const factors = factorJobs(db, sessions);
  const notices = noticeWrites(db);
  const mark = db.prepare<unknown, [number, number]>(
    "UPDATE account SET erased_ms = coalesce(erased_ms, ?) WHERE id = ?",
  );
  const channels = db.prepare<{ channel_id: number }, [number]>(
    "DELETE FROM subscription WHERE account_id = ? RETURNING channel_id",
  );
  // The row stays, as old access tokens and a server's memory know its id: nobody else may get that.
  const blank = db.prepare<unknown, [number]>(
    `UPDATE account SET name = '', name_key = 'erased ' || hex(randomblob(16)), password_hash = '',
       role = 'user', created_ms = 0, erased_ms = 0, disabled_ms = 0
     WHERE id = ?`,
  );

  return {
    /** Nobody can use the account from now on; a server that runs on the file closes its connections. */
    begin(account: number, nowMs: number): void {
      accounts.disableAccount(account, nowMs);
      mark.run(nowMs, account);
      sessions.endAllSessions(account);
      factors.removeFactors(account);
    },

    /** Nothing is left of the account but its id. */
    finish(account: number): void {
      for (const { channel_id } of channels.all(account)) notices.member(channel_id, account);
      blank.run(account);
    },
  };
}
