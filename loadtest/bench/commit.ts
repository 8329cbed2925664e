import { BatchWriter } from "../../src/store/batch.ts";
import { Committer } from "../../src/store/committer.ts";
import { type Durability, openForWriting } from "../../src/store/schema.ts";
import type { Group } from "./group.ts";
import { withFile } from "./scratch_folder.ts";
import { fillBatch } from "./sends.ts";
import type { Row } from "./table.ts";
import { type Effort, timeOwn } from "./timing.ts";

const messageCounts = [1, 10, 100, 1000];
/** As the server has it at the latest: past 64 MiB of WAL, see store/checkpoints.ts. */
const CHECKPOINT_EVERY_MESSAGES = 100_000;

export const commit: Group = {
  summary: "a batch's transaction in a real file, synced and not",
  async run(effort) {
    const rows: Row[] = [];
    for (const durability of ["synced", "committed"] as const) {
      for (const messages of messageCounts)
        rows.push(await committed(effort, durability, messages));
    }
    return [
      {
        title: "Committing a batch",
        note:
          "Numbering, inserting and the transaction, on this thread, in a file in `out`. " +
          "The WAL is copied into the database between the commits, which is not included.",
        columns: { p50Us: "p50 us", avgUs: "mean us", p99Us: "p99 us", messageUs: "us a message" },
        rows,
      },
    ];
  },
};

function committed(effort: Effort, durability: Durability, messages: number): Promise<Row> {
  return withFile(async (path) => {
    const db = openForWriting(path, durability);
    try {
      const committer = new Committer(db);
      const writer = new BatchWriter();
      let sinceCheckpoint = 0;
      const { p50, avg, p99 } = await timeOwn(effort, async () => {
        sinceCheckpoint += messages;
        if (sinceCheckpoint > CHECKPOINT_EVERY_MESSAGES) {
          db.query("PRAGMA wal_checkpoint(RESTART)").get();
          sinceCheckpoint = 0;
        }
        const bytes = fillBatch(writer, messages);
        const began = Bun.nanoseconds();
        committer.commit(bytes, messages);
        return Bun.nanoseconds() - began;
      });
      const values = {
        p50Us: p50 / 1e3,
        avgUs: avg / 1e3,
        p99Us: p99 / 1e3,
        messageUs: p50 / 1e3 / messages,
      };
      return { name: `${messages} message${messages === 1 ? "" : "s"}, ${durability}`, values };
    } finally {
      db.close();
    }
  });
}
