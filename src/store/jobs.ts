import type { Database } from "bun:sqlite";
import { nameKey } from "../wire/names.ts";
import { accountJobs } from "./accounts.ts";
import { factorJobs } from "./factors.ts";
import { retentionJobs } from "./retention/jobs.ts";
import { sessionJobs } from "./sign_ins.ts";
import { totpAttemptJobs } from "./totp_attempts.ts";

/** A change of a user's membership, as it stands after everything that was collected. */
export interface SubscriptionChange {
  readonly account: number;
  readonly channel: number;
  readonly joined: boolean;
}

/**
 * Everything that is written besides messages. The jobs run on the writer thread, one after
 * another and between batches: see job_queue.ts.
 */
export function jobs(db: Database) {
  const sessions = sessionJobs(db);
  return {
    ...accountJobs(db, sessions),
    ...factorJobs(db, sessions),
    ...totpAttemptJobs(db),
    ...channelJobs(db),
    ...subscriptionJobs(db),
    ...noticeJobs(db),
    ...retentionJobs(db),
  };
}

export type Jobs = ReturnType<typeof jobs>;

/** Runs a job on the writer thread. Rejects with a StoreError where the disk refused it. */
export type RunJob = <Name extends keyof Jobs>(
  name: Name,
  ...args: Parameters<Jobs[Name]>
) => Promise<ReturnType<Jobs[Name]>>;

function channelJobs(db: Database) {
  const insert = db.prepare<{ id: number }, [string, string, number]>(
    "INSERT INTO channel (name, name_key, created_ms) VALUES (?, ?, ?) RETURNING id",
  );
  return {
    /** Returns the new channel's id. The name must not exist. */
    createChannel(name: string, nowMs: number): number {
      const row = insert.get(name, nameKey(name), nowMs);
      if (row === null) throw new Error("store/jobs: a channel was created without an id");
      return row.id;
    },
  };
}

function subscriptionJobs(db: Database) {
  const insert = db.prepare<unknown, [number, number]>(
    "INSERT OR IGNORE INTO subscription (account_id, channel_id) VALUES (?, ?)",
  );
  const remove = db.prepare<unknown, [number, number]>(
    "DELETE FROM subscription WHERE account_id = ? AND channel_id = ?",
  );
  return {
    writeSubscriptions(changes: readonly SubscriptionChange[]): void {
      for (const { account, channel, joined } of changes) {
        (joined ? insert : remove).run(account, channel);
      }
    },
  };
}

function noticeJobs(db: Database) {
  const remove = db.prepare<unknown, [number]>("DELETE FROM notice WHERE id <= ?");
  return {
    /** Removes what has been seen, up to this id. */
    forgetNotices(upTo: number): void {
      remove.run(upTo);
    },
  };
}
