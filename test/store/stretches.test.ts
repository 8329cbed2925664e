import { Database, SQLiteError } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Committer } from "../../src/store/committer.ts";
import { openForWriting } from "../../src/store/schema.ts";
import { checkInStretches } from "../../src/store/stretches.ts";
import { Untouched } from "../../src/store/untouched.ts";
import { Random } from "../sim/random.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { makeDatabase } from "./backups/made_database.ts";
import { commit, drafts } from "./batches.ts";

/** The same seed damages the same bytes: STRETCHES_SEED=1234 bun test test/store/stretches.test.ts. */
const seed = Number(process.env.STRETCHES_SEED ?? Math.floor(Math.random() * 2 ** 31));
const PAGE_BYTES = 4096;
const MESSAGES = 2_000;

let folder: string;
let whole: string;

beforeAll(() => {
  folder = makeFolder();
  whole = join(folder, "whole.db");
  makeDatabase(whole, MESSAGES);
});
afterAll(() => removeFolder(folder));

/** What is found in a file; undefined where it is whole. */
async function damageOf(path: string, isFull = false): Promise<string | undefined> {
  const parts: number[] = [];
  const rest = () => Promise.resolve();
  try {
    using db = new Untouched(path);
    const damage = await checkInStretches(db, {
      isFull,
      progress: (part) => parts.push(part),
      rest,
    });
    if (damage === undefined) expect(parts.at(-1)).toBe(1);
    expect(parts).toEqual(parts.toSorted((one, other) => one - other));
    return damage;
  } catch (error) {
    if (error instanceof SQLiteError) return error.message;
    throw error;
  }
}

/** The file with other bytes, under another name. */
function damaged(damage: (bytes: Buffer) => void): string {
  const path = join(folder, "damaged.db");
  const bytes = readFileSync(whole);
  damage(bytes);
  writeFileSync(path, bytes);
  return path;
}

test("a whole database is found whole, and how far the check is only ever grows", async () => {
  expect(await damageOf(whole)).toBeUndefined();
  expect(await damageOf(whole, true)).toBeUndefined();
});

test("every page that was overwritten is found, wherever it is", async () => {
  const pages = readFileSync(whole).length / PAGE_BYTES;
  expect(pages).toBeGreaterThan(100);
  // The first says what the file is.
  for (let page = 1; page < pages; page++) {
    const path = damaged((bytes) => bytes.fill(0xa5, page * PAGE_BYTES, (page + 1) * PAGE_BYTES));
    expect([page, await damageOf(path)]).toEqual([page, expect.any(String)]);
  }
}, 60_000);

test("whatever is damaged, no more happens than that it is found or not", async () => {
  const random = new Random(seed);
  for (let round = 0; round < 60; round++) {
    const path = damaged((bytes) => {
      for (let count = 1 + random.below(8); count > 0; count--) {
        bytes[PAGE_BYTES + random.below(bytes.length - PAGE_BYTES)] = random.below(256);
      }
    });
    const found = await damageOf(path, round % 2 === 0);
    expect({ STRETCHES_SEED: seed, round, found: typeof found }).toMatchObject({
      found: found === undefined ? "undefined" : "string",
    });
  }
});

test("between any two stretches the WAL can start over, while messages come and go", async () => {
  const path = join(folder, "busy.db");
  makeDatabase(path, 20_000);
  const writing = openForWriting(path, "committed");
  const committer = new Committer(writing);
  let [rests, messages] = [0, 0];
  const rest = () => {
    rests += 1;
    // New ones come, and of each channel the oldest go.
    commit(committer, [...drafts(1, 50, `new-${rests}`), ...drafts(2, 50, `other-${rests}`)]);
    messages += 100;
    writing.transaction(() => {
      for (const channel of [1, 2]) {
        writing.run("DELETE FROM message WHERE channel_id = ? AND seq <= ?", [channel, rests * 40]);
        writing.run("INSERT OR REPLACE INTO retention (channel_id, gone) VALUES (?, ?)", [
          channel,
          rests * 40,
        ]);
      }
    })();
    const { busy } = writing.query("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number };
    expect([rests, busy]).toEqual([rests, 0]);
    return Promise.resolve();
  };
  for (const isFull of [false, true]) {
    using db = new Untouched(path);
    expect(db.isShared).toBe(true);
    expect(await checkInStretches(db, { isFull, progress: () => {}, rest })).toBeUndefined();
  }
  // One for each of the other tables, and more for the messages.
  expect(rests).toBeGreaterThan(40);
  expect(messages).toBe(rests * 100);
  writing.close();
}, 60_000);

test.each([
  ["message_in_channel", "channel_id, seq"],
  ["message_once", "nonce, author_id"],
])("what %s lacks is found where that is asked for", async (index, columns) => {
  const path = join(folder, `${index}.db`);
  writeFileSync(path, readFileSync(whole));
  const condition = "WHERE id != 7";
  using db = new Database(path);
  db.run("PRAGMA journal_mode = DELETE");
  db.run(`DROP INDEX ${index}`);
  db.run(`CREATE UNIQUE INDEX ${index} ON message (${columns}) ${condition}`);
  db.close();
  // From now on it is said to have all of them.
  const bytes = readFileSync(path);
  const at = bytes.indexOf(condition);
  bytes.fill(" ", at, at + condition.length);
  writeFileSync(path, bytes);
  expect(await damageOf(path, true)).toBe("messages are missing from an index: 1");
});
