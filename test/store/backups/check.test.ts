import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkDatabase } from "../../../src/store/backups/check.ts";
import { migrations } from "../../../src/store/schema.ts";
import { makeFolder, removeFolder } from "../../support/temp.ts";
import { change, logIdOf, makeDatabase, refusalOf } from "./made_database.ts";

const PAGE_BYTES = 4096;
/** What a leaf of an index begins with. */
const INDEX_LEAF = 10;

let folder: string;
let path: string;
beforeEach(() => {
  folder = makeFolder();
  path = join(folder, "a.db");
  makeDatabase(path);
});
afterEach(() => removeFolder(folder));

const refusal = (depth: "quick" | "whole" = "whole") => refusalOf(() => checkDatabase(path, depth));

test("a whole database is told by what it holds, and nothing is made beside it", () => {
  const logId = logIdOf(path);
  const before = readFileSync(path);
  for (const depth of ["quick", "whole"] as const) {
    expect(checkDatabase(path, depth)).toEqual({
      version: migrations.length,
      logId,
      bytes: before.length,
      accounts: 1,
      channels: 2,
      messages: 200,
    });
  }
  expect(readdirSync(folder)).toEqual(["a.db"]);
  expect(readFileSync(path)).toEqual(before);
});

test("what a live database still has in its WAL counts", () => {
  const live = join(folder, "live.db");
  makeDatabase(live, 10);
  // A connection that stays open keeps the WAL from being copied.
  using db = new Database(live);
  db.run("PRAGMA wal_autocheckpoint = 0");
  db.run("INSERT INTO channel (name, name_key, created_ms) VALUES ('sea', 'sea', 0)");
  const copy = join(folder, "copy.db");
  for (const suffix of ["", "-wal"]) copyFileSync(live + suffix, copy + suffix);
  expect(checkDatabase(copy, "whole").channels).toBe(3);
});

test("a live database whose newest pages are all in its WAL is whole", () => {
  const live = join(folder, "live.db");
  makeDatabase(live, 10);
  using db = new Database(live);
  db.run("PRAGMA wal_autocheckpoint = 0");
  db.run("INSERT INTO meta VALUES ('large', hex(zeroblob(100000)))");
  expect(statSync(live).size).toBeLessThan(200_000);
  expect(checkDatabase(live, "whole").messages).toBe(20);
});

test("what has come into a deleted channel since is no damage", () => {
  change(
    path,
    "UPDATE channel SET name = '', name_key = 'gone', deleted_ms = 1 WHERE id = 2",
    "DELETE FROM message WHERE channel_id = 2 AND seq < 100",
  );
  expect(checkDatabase(path, "whole").messages).toBe(101);
});

describe("it refuses, with one sentence,", () => {
  test("what is not there, or no database", async () => {
    path = join(folder, "nothing.db");
    expect(await refusal()).toBe(`There is no ${path}.`);
    for (const content of ["", "Dear diary, ".repeat(1000)]) {
      writeFileSync(path, content);
      expect(await refusal()).toBe(`${path} is not a database, and so no backup of Hubbub.`);
    }
    path = folder;
    expect(await refusal()).toBe(`${folder} cannot be read (EISDIR).`);
  });

  test("what only looks like a table of ours", async () => {
    change(path, "ALTER TABLE message RENAME TO m", "CREATE VIEW message AS SELECT * FROM m");
    expect(await refusal()).toBe(`${path} is damaged: it lacks tables that every version has.`);
  });

  test("another program's database, and one of a newer version", async () => {
    change(path, "PRAGMA application_id = 7");
    expect(await refusal()).toBe(`${path} is another program's database, and no backup of Hubbub.`);
    change(path, "PRAGMA application_id = 0x48754242", "PRAGMA user_version = 700");
    expect(await refusal()).toBe(
      `${path} was made by a newer version of Hubbub (schema 700; this one knows ${migrations.length}). Use that version.`,
    );
  });

  test("a damaged page, whichever it is, and a missing end", async () => {
    const whole = readFileSync(path);
    for (let page = 1; page < whole.length / PAGE_BYTES; page++) {
      writeFileSync(
        path,
        Buffer.from(whole).fill(0xa5, page * PAGE_BYTES, (page + 1) * PAGE_BYTES),
      );
      for (const depth of ["quick", "whole"] as const) {
        expect([page, await refusal(depth)]).toEqual([
          page,
          expect.stringMatching(/ is damaged: [^\n]+\.$/),
        ]);
      }
    }
    for (const bytes of [PAGE_BYTES, whole.length - PAGE_BYTES]) {
      writeFileSync(path, whole.subarray(0, bytes));
      expect(await refusal()).toMatch(/ is damaged: [^\n]+\.$/);
    }
  });

  test("an index that is not its table's, where it looks at the whole", async () => {
    // Every page is well-formed; one entry of the index of nonces has another nonce than its message.
    const bytes = readFileSync(path);
    const pages = Array.from({ length: bytes.length / PAGE_BYTES }, (_, page) => page * PAGE_BYTES);
    const at = pages
      .filter((page) => bytes[page] === INDEX_LEAF)
      .map((page) => page + bytes.subarray(page, page + PAGE_BYTES).indexOf("c1-99"))
      .find((found) => found % PAGE_BYTES !== PAGE_BYTES - 1);
    bytes.write("c1-9z", at as number);
    writeFileSync(path, bytes);
    expect(checkDatabase(path, "quick").messages).toBe(200);
    expect(await refusal("whole")).toContain("missing from index message_once");
  });

  test("a gap in a channel's numbers, and messages without their channel", async () => {
    change(path, "DELETE FROM message WHERE channel_id = 2 AND seq = 50");
    expect(await refusal()).toBe(
      `${path} is damaged: in channel 2, 99 messages bear the numbers 1 to 100.`,
    );
    change(path, "DELETE FROM message WHERE channel_id = 2 AND seq < 50");
    expect(await refusal()).toBe(`${path} is damaged: in channel 2, messages 1 to 50 are missing.`);
    change(path, "INSERT INTO retention (channel_id, gone) VALUES (2, 50)");
    expect(checkDatabase(path, "whole").messages).toBe(150);
    change(path, "DELETE FROM channel WHERE id = 2");
    expect(await refusal()).toBe(
      `${path} is damaged: it has messages of channel 2, but not the channel.`,
    );
  });
});
