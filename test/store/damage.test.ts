import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Committer } from "../../src/store/committer.ts";
import { openForWriting, StoreFileError } from "../../src/store/schema.ts";
import { openStore } from "../../src/store/store.ts";
import { Random } from "../sim/random.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { commit, drafts } from "./batches.ts";

/** The same seed damages the same bytes: DAMAGE_SEED=1234 bun test test/store/damage.test.ts. */
const seed = Number(process.env.DAMAGE_SEED ?? Math.floor(Math.random() * 2 ** 31));
const PAGE_BYTES = 4096;

let folder: string;
let whole: string;
let damaged: string;

beforeAll(() => {
  folder = makeFolder();
  whole = join(folder, "whole.db");
  damaged = join(folder, "damaged.db");
  const db = openForWriting(whole, "committed");
  const committer = new Committer(db);
  for (const channel of [1, 2]) commit(committer, drafts(channel, 200, `c${channel}`));
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
});
afterAll(() => removeFolder(folder));

/** Opens a damaged copy of the file; undefined where that goes well. */
async function refusalOf(damage: (bytes: Buffer) => Buffer): Promise<string | undefined> {
  // What an earlier round has left behind belongs to another file.
  for (const suffix of ["-wal", "-shm"]) rmSync(damaged + suffix, { force: true });
  const bytes = readFileSync(whole);
  writeFileSync(damaged, damage(bytes));
  try {
    const store = await openStore(damaged, "committed", () => {});
    await store.close();
  } catch (error) {
    if (error instanceof StoreFileError) return error.message;
    throw error;
  }
}

const sentence =
  /^\S+ is damaged \(.+\)\. Restore a backup, or rescue it with sqlite3's \.recover\.$/;

describe("a damaged file is refused at start, with one clear sentence", () => {
  test("where its end is missing", async () => {
    for (const pages of [1, 3, 7]) {
      expect(await refusalOf((bytes) => bytes.subarray(0, pages * PAGE_BYTES))).toMatch(sentence);
    }
  });

  test("where a page was overwritten", async () => {
    const pages = readFileSync(whole).length / PAGE_BYTES;
    // The first page says what the file is; it is tried below.
    for (let page = 1; page < pages; page++) {
      const refusal = await refusalOf((bytes) => {
        return bytes.fill(0xa5, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
      });
      expect([page, refusal]).toEqual([page, expect.stringMatching(sentence)]);
    }
  }, 60_000);

  test("and whatever is damaged, it is opened or refused, and nothing else happens", async () => {
    const random = new Random(seed);
    for (let round = 0; round < 40; round++) {
      const refusal = await refusalOf((bytes) => {
        // Often in the header, or in the schema behind it.
        const end = random.pick([100, PAGE_BYTES, bytes.length]);
        for (let count = 1 + random.below(8); count > 0; count--) {
          bytes[random.below(end)] = random.below(256);
        }
        return bytes;
      });
      const isSentence = refusal === undefined || /^\S+ [^\n]+\.$/.test(refusal);
      expect({ DAMAGE_SEED: seed, round, isSentence, refusal }).toMatchObject({ isSentence: true });
    }
  }, 60_000);
});

test("a whole file is opened", async () => {
  expect(await refusalOf((bytes) => bytes)).toBeUndefined();
});
