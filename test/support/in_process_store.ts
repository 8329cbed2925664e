import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AccountReads } from "../../src/store/accounts.ts";
import { FactorReads } from "../../src/store/factor_reads.ts";
import { type Jobs, jobs, type RunJob } from "../../src/store/jobs.ts";
import { openForReading, openForWriting } from "../../src/store/schema.ts";

/** A real database file in a folder of its own, whose jobs run on the test's own thread. */
export class InProcessStore {
  readonly folder = mkdtempSync(join(tmpdir(), "hubbub-store-"));
  readonly writing = openForWriting(join(this.folder, "hubbub.db"), "committed");
  readonly reading = openForReading(join(this.folder, "hubbub.db"));
  readonly reads = new AccountReads(this.reading);
  readonly factorReads = new FactorReads(this.reading);
  readonly #jobs = jobs(this.writing);

  /** As the writer thread runs a job: in a transaction of its own, arguments and result copied. */
  readonly run: RunJob = async (name, ...args) =>
    structuredClone(this.#runJob(name, structuredClone(args)));

  close(): void {
    this.reading.close();
    this.writing.close();
    rmSync(this.folder, { recursive: true });
  }

  #runJob<Name extends keyof Jobs>(
    name: Name,
    args: Parameters<Jobs[Name]>,
  ): ReturnType<Jobs[Name]> {
    // TypeScript does not see that the job of this name takes these arguments.
    const job = this.#jobs[name] as (...args: Parameters<Jobs[Name]>) => ReturnType<Jobs[Name]>;
    return this.writing.transaction(() => job(...args)).immediate();
  }
}
