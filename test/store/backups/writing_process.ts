/** Another process that commits messages to a database until it is killed, and says how many. */
import { Committer } from "../../../src/store/committer.ts";
import { openForWriting } from "../../../src/store/schema.ts";
import { commit, drafts } from "../batches.ts";

const db = openForWriting(process.argv[2] as string, "committed");
const committer = new Committer(db);
for (let round = 0; ; round++) {
  commit(committer, drafts(1 + (round % 2), 20, `round-${round}`));
  if (round % 50 === 0) {
    process.stdout.write(`${round}\n`);
    // As the server does beside its commits.
    db.query("PRAGMA wal_checkpoint(PASSIVE)").get();
  }
  await Bun.sleep(0);
}
