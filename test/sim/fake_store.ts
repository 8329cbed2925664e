import type { Database } from "bun:sqlite";
import type { HistoryReads } from "../../src/session/services.ts";
import { type CommitResult, Committer } from "../../src/store/committer.ts";
import { type Jobs, jobs, type RunJob } from "../../src/store/jobs.ts";
import type { FakeDisk } from "./fake_disk.ts";
import { FakeThread } from "./fake_thread.ts";
import type { File } from "./file.ts";

/** Of the reader's pages; small, so that there are many. */
const PAGE_BYTES = 600;

/** The two threads of `openStore`, with the writer's own code behind calls that somebody else times. */
export class FakeStore {
  readonly writer = new FakeThread();
  readonly reader = new FakeThread();
  readonly run: RunJob;
  readonly commit: (batch: Uint8Array<ArrayBuffer>, entries: number) => Promise<CommitResult>;
  readonly probe: () => Promise<void>;
  readonly history: HistoryReads;

  constructor(db: Database, file: File, disk: FakeDisk) {
    const { writer, reader } = this;
    const tasks = jobs(db);
    const committer = new Committer(db);
    const write = <T>(run: () => T) => writer.call(() => disk.write(run));
    const read = <T>(run: () => T) => reader.call(() => disk.read(run));
    this.run = (name, ...args) => {
      // Name and arguments were checked together by RunJob; see writer.worker.ts.
      const job = tasks[name] as (...args: unknown[]) => never;
      return write(() => {
        if (name === "trim") {
          const [orders] = args as Parameters<Jobs["trim"]>;
          for (const { channel, upToSeq } of orders) file.remember(channel, upToSeq);
        }
        return db.transaction(() => job(...args)).immediate();
      });
    };
    this.commit = (batch, entries) => write(() => committer.commit(batch, entries));
    this.probe = () => write(() => committer.probe());
    this.history = {
      after: (channel, after, head, limit) =>
        read(() => file.page("first", { channel, from: after + 1, to: head }, limit, PAGE_BYTES)),
      before: (channel, before, limit) =>
        read(() => file.page("last", { channel, from: 1, to: before - 1 }, limit, PAGE_BYTES)),
    };
  }
}
