/** The writer thread: the one place that writes to the file. */
import type { Database } from "bun:sqlite";
import { type CommitResult, Committer } from "./committer.ts";
import { type Jobs, jobs } from "./jobs.ts";
import { type Durability, openForWriting } from "./schema.ts";
import { answerCalls } from "./thread.ts";

let opened: { db: Database; committer: Committer; jobs: Jobs } | undefined;

function store() {
  if (opened === undefined) throw new Error("store/writer: called before it was opened");
  return opened;
}

const calls = {
  open(path: string, durability: Durability): void {
    const db = openForWriting(path, durability);
    opened = { db, committer: new Committer(db), jobs: jobs(db) };
  },

  commit(batch: Uint8Array<ArrayBuffer>, entries: number): CommitResult {
    return store().committer.commit(batch, entries);
  },

  probe(): void {
    store().committer.probe();
  },

  job(name: keyof Jobs, args: unknown[]): unknown {
    const { db, jobs } = store();
    // Name and arguments were checked together where the job was asked for: see RunJob.
    const job = jobs[name] as (...args: unknown[]) => unknown;
    return db.transaction(() => job(...args)).immediate();
  },

  /** Copies what the WAL holds into the database and starts the WAL over. */
  restartWal(): void {
    store().db.run("PRAGMA wal_checkpoint(RESTART)");
  },

  /** The last call: everything goes into the database file, and the WAL is removed. */
  close(): void {
    store().db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    store().db.close();
    opened = undefined;
  },
};

export type WriterCalls = typeof calls;

answerCalls(calls, (name, value) => {
  if (name !== "commit") return [];
  const { records, outcomes, seqs } = value as CommitResult;
  return [records.buffer, outcomes.buffer, seqs.buffer];
});
