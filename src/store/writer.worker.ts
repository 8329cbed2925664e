/** The writer thread: the one place that writes to the file. */
import { type Database, SQLiteError } from "bun:sqlite";
import { samplingCalls } from "../monitor/sampled_thread.ts";
import { type CommitResult, Committer } from "./committer.ts";
import { type Jobs, jobs } from "./jobs.ts";
import { BUSY_TIMEOUT_MS, type Durability, openForWriting } from "./schema.ts";
import { answerCalls } from "./thread.ts";

let opened: { db: Database; committer: Committer; jobs: Jobs } | undefined;

function store() {
  if (opened === undefined) throw new Error("store/writer: called before it was opened");
  return opened;
}

/**
 * Copies the WAL into the database as far as readers let it. It does not wait for them, for
 * whoever looks at the file with another program would hold up every commit.
 */
function checkpoint(mode: "RESTART" | "TRUNCATE"): void {
  const { db } = store();
  db.run("PRAGMA busy_timeout = 0");
  try {
    db.query(`PRAGMA wal_checkpoint(${mode})`).get();
  } finally {
    db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  }
}

/** A job to carry out. */
export interface JobOrder {
  readonly name: keyof Jobs;
  readonly args: readonly unknown[];
}

/** What a job returned, or what the disk refused. */
export type JobOutcome =
  | { readonly value: unknown }
  | { readonly error: { readonly code: string; readonly message: string } };

const calls = {
  ...samplingCalls(),

  open(path: string, durability: Durability): void {
    const db = openForWriting(path, durability);
    opened = { db, committer: new Committer(db), jobs: jobs(db) };
  },

  commit(batch: Uint8Array<ArrayBuffer>, entries: number): CommitResult {
    try {
      return store().committer.commit(batch, entries);
    } catch (error) {
      if (!(error instanceof SQLiteError) || !error.code?.startsWith("SQLITE_CONSTRAINT")) {
        throw error;
      }
      // The disk is fine: the numbers in memory are not those of the file.
      throw new Error(`store/writer: ${error.message}`);
    }
  },

  probe(): void {
    store().committer.probe();
  },

  beat(): number {
    return store().committer.beat();
  },

  /** Carries out jobs in one transaction: one that fails leaves the others as they are. */
  jobs(orders: readonly JobOrder[]): JobOutcome[] {
    const { db, jobs } = store();
    const outcomes: JobOutcome[] = [];
    db.transaction(() => {
      for (const { name, args } of orders) {
        // Name and arguments were checked together where the job was asked for: see RunJob.
        const job = jobs[name] as (...args: unknown[]) => unknown;
        try {
          // Within a transaction this is a savepoint.
          outcomes.push({ value: db.transaction(() => job(...args))() });
        } catch (error) {
          if (!(error instanceof SQLiteError) || !db.inTransaction) throw error;
          outcomes.push({ error: { code: error.code ?? "SQLITE_ERROR", message: error.message } });
        }
      }
    }).immediate();
    return outcomes;
  },

  /** Copies what the WAL holds into the database and starts the WAL over. */
  restartWal(): void {
    checkpoint("RESTART");
  },

  /** The last call. With `copiesWal` everything goes into the database file, and the WAL is removed. */
  close(copiesWal: boolean): void {
    if (copiesWal) checkpoint("TRUNCATE");
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
