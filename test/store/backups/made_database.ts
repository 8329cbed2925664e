import { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import { accountJobs } from "../../../src/store/accounts.ts";
import { Committer } from "../../../src/store/committer.ts";
import { jobs } from "../../../src/store/jobs.ts";
import { openForWriting, StoreFileError } from "../../../src/store/schema.ts";
import { commit, drafts } from "../batches.ts";

/** Makes a database with an account, two channels and messages, as a stopped server leaves it behind. */
export function makeDatabase(path: string, messages = 100, body?: string): void {
  const making = `${path}.making`;
  const db = openForWriting(making, "committed");
  db.transaction(() => {
    accountJobs(db).createAccount({ name: "ada", passwordHash: "one", role: "user", nowMs: 0 });
    jobs(db).createChannel("tea", 0);
  })();
  const committer = new Committer(db);
  for (const channel of [1, 2]) commit(committer, drafts(channel, messages, `c${channel}`, body));
  // Bun closes a database when the last of its statements is gone, some time later: not this one.
  db.run("VACUUM INTO ?", [path]);
  db.close();
  for (const suffix of ["", "-wal", "-shm"]) rmSync(making + suffix, { force: true });
  change(path, "PRAGMA journal_mode = WAL");
}

/** Changes a database by hand. */
export function change(path: string, ...statements: readonly string[]): void {
  using db = new Database(path);
  for (const sql of statements) db.run(sql);
}

/** Everything that matters of a database, row by row. */
export function rowsOf(path: string) {
  using db = new Database(path);
  return {
    channels: db.query("SELECT * FROM channel ORDER BY id").all(),
    accounts: db.query("SELECT * FROM account ORDER BY id").all(),
    messages: db.query("SELECT * FROM message ORDER BY channel_id, seq").all(),
  };
}

export function logIdOf(path: string): string {
  using db = new Database(path);
  return (db.query("SELECT value FROM meta WHERE key = 'log_id'").get() as { value: string }).value;
}

/** The sentence that something is refused with. */
export async function refusalOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof StoreFileError) return error.message;
    throw error;
  }
  throw new Error("it was not refused");
}
