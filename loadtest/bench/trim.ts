import type { Database } from "bun:sqlite";
import { BatchWriter } from "../../src/store/batch.ts";
import { Committer } from "../../src/store/committer.ts";
import { retentionJobs } from "../../src/store/retention/jobs.ts";
import { type Durability, openForWriting } from "../../src/store/schema.ts";
import type { Group } from "./group.ts";
import { withFile } from "./scratch_folder.ts";
import { fillBatch } from "./sends.ts";
import type { Row } from "./table.ts";
import { type Effort, timeOwn } from "./timing.ts";

/** As many as the server lets go in one job. */
const MESSAGES = 100;
/** What is there already, so that what goes and what comes are in different pages. */
const KEPT_MESSAGES = 100_000;
/** As in commit.ts, of messages that come and go. */
const CHECKPOINT_EVERY_MESSAGES = 50_000;

export const trim: Group = {
  summary: "letting the oldest messages go, a job's worth of them",
  async run(effort) {
    const rows: Row[] = [];
    for (const durability of ["synced", "committed"] as const) {
      rows.push(await trimmed(effort, durability));
    }
    return [
      {
        title: "Letting old messages go",
        note:
          `The job of the writer's thread, with its transaction: ${MESSAGES} of ${KEPT_MESSAGES.toLocaleString("en")} ` +
          "messages, in a file in `out`, overwritten. The batch that takes their place, and checkpoints, are not included.",
        columns: { p50Us: "p50 us", avgUs: "mean us", p99Us: "p99 us", messageUs: "us a message" },
        rows,
      },
    ];
  },
};

function trimmed(effort: Effort, durability: Durability): Promise<Row> {
  return withFile(async (path) => {
    const db = openForWriting(path, durability);
    try {
      const committer = new Committer(db);
      const writer = new BatchWriter();
      const jobs = retentionJobs(db);
      const fill = (messages: number) => committer.commit(fillBatch(writer, messages), messages);
      for (let kept = 0; kept < KEPT_MESSAGES; kept += 1000) fill(1000);
      let sinceCheckpoint = 0;
      const { p50, avg, p99 } = await timeOwn(effort, async () => {
        fill(MESSAGES);
        sinceCheckpoint += MESSAGES;
        if (sinceCheckpoint > CHECKPOINT_EVERY_MESSAGES) {
          db.query("PRAGMA wal_checkpoint(RESTART)").get();
          sinceCheckpoint = 0;
        }
        const orders = ordersFor(db);
        const began = Bun.nanoseconds();
        const { trimmed } = db.transaction(() => jobs.trim(orders, MESSAGES)).immediate();
        const took = Bun.nanoseconds() - began;
        const went = trimmed.reduce((sum, { messages }) => sum + messages, 0);
        if (went !== MESSAGES) throw new Error(`bench: ${went} messages went`);
        return took;
      });
      const values = {
        p50Us: p50 / 1e3,
        avgUs: avg / 1e3,
        p99Us: p99 / 1e3,
        messageUs: p50 / 1e3 / MESSAGES,
      };
      return { name: `${MESSAGES} messages, ${durability}`, values };
    } finally {
      db.close();
    }
  });
}

/** Every message of every channel may go. */
function ordersFor(db: Database) {
  return db
    .query<{ channel: number; head: number }, []>(
      "SELECT channel_id AS channel, max(seq) AS head FROM message GROUP BY channel_id",
    )
    .all()
    .map(({ channel, head }) => ({ channel, head, upToSeq: head, upToRow: 0, bytes: 0 }));
}
