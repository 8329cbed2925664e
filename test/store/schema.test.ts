import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  migrations,
  openForReading,
  openForWriting,
  StoreFileError,
} from "../../src/store/schema.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = makeFolder();
  path = join(folder, "hubbub.db");
});
afterEach(() => removeFolder(folder));

function pragma(db: Database, name: string): unknown {
  return Object.values(db.query(`PRAGMA ${name}`).get() as object)[0];
}

/** Opens the file, which must be refused, and returns the sentence for the operator. */
function refusal(open = () => openForWriting(path, "committed")): string {
  try {
    open().close();
  } catch (error) {
    expect(error).toBeInstanceOf(StoreFileError);
    return (error as StoreFileError).message;
  }
  throw new Error("the file was not refused");
}

describe("a fresh file", () => {
  test("has the tables, the general channel, a log id, and Hubbub's mark", () => {
    const db = openForWriting(path, "synced");
    expect(pragma(db, "application_id")).toBe(0x48754242);
    expect(pragma(db, "user_version")).toBe(migrations.length);
    expect(db.query("SELECT id, name FROM channel").all()).toEqual([{ id: 1, name: "general" }]);
    const log = db.query("SELECT value FROM meta WHERE key = 'log_id'").get();
    expect(log).toEqual({ value: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(db.query("SELECT beats FROM heartbeat").all()).toEqual([{ beats: 0 }]);
    db.close();
  });

  test("keeps what it holds when it is opened again", () => {
    const first = openForWriting(path, "synced");
    const meta = first.query("SELECT * FROM meta").all();
    first.close();
    const second = openForWriting(path, "synced");
    expect(second.query("SELECT * FROM meta").all()).toEqual(meta);
    second.close();
  });

  test("is not mistaken for another one's: each has a log id of its own", () => {
    const idOf = (name: string) => {
      const db = openForWriting(join(folder, name), "synced");
      const row = db.query("SELECT value FROM meta WHERE key = 'log_id'").get();
      db.close();
      return row;
    };
    expect(idOf("a.db")).not.toEqual(idOf("b.db"));
  });
});

describe("a file of an older version", () => {
  test("keeps its messages, in their channels, under their numbers, once for each nonce", () => {
    const old = new Database(path, { create: true });
    old.run("PRAGMA foreign_keys = ON");
    old.run(migrations[0] as string);
    old.run("PRAGMA application_id = 0x48754242");
    old.run("PRAGMA user_version = 1");
    const highest = 2 ** 21 - 1;
    const messages = [
      { channel: 1, seq: 1, author: 7, nonce: "a", encoded: "one" },
      { channel: highest, seq: 1, author: 7, nonce: "b", encoded: "two" },
      { channel: 1, seq: 2 ** 32 - 1, author: 8, nonce: "a", encoded: "three" },
    ];
    for (const { channel, seq, author, nonce, encoded } of messages) {
      const values = [channel * 2 ** 32 + seq, author, Buffer.from(nonce), Buffer.from(encoded)];
      old.run("INSERT INTO message VALUES (?, ?, ?, ?)", values);
    }
    old.close();

    const db = openForWriting(path, "committed");
    const rows = db
      .query(
        `SELECT channel_id AS channel, seq, author_id AS author, CAST(nonce AS TEXT) AS nonce,
           CAST(encoded AS TEXT) AS encoded FROM message ORDER BY channel_id, seq`,
      )
      .all();
    expect(rows).toEqual([messages[0], messages[2], messages[1]]);
    const again = (channel: number, seq: number, author: number, nonce: string) => () =>
      db.run("INSERT INTO message VALUES (NULL, ?, ?, ?, ?, x'00')", [
        ...[channel, seq, author],
        Buffer.from(nonce),
      ]);
    expect(again(1, 1, 9, "new")).toThrow("UNIQUE");
    expect(again(1, 2, 7, "b")).toThrow("UNIQUE");
    expect(again(1, 2, 9, "b")).not.toThrow();
    expect(pragma(db, "user_version")).toBe(migrations.length);
    db.close();
  });
});

describe("durability", () => {
  test.each([
    ["synced", 2],
    ["committed", 1],
  ] as const)(
    "%s is synchronous = %d, in WAL mode, without checkpoints inside a commit",
    (durability, level) => {
      const db = openForWriting(path, durability);
      expect(pragma(db, "synchronous")).toBe(level);
      expect(pragma(db, "journal_mode")).toBe("wal");
      expect(pragma(db, "wal_autocheckpoint")).toBe(0);
      expect(pragma(db, "foreign_keys")).toBe(1);
      db.close();
    },
  );
});

describe("a file that Hubbub must not touch is refused, and left as it is", () => {
  test("where a newer version has made it", () => {
    const db = openForWriting(path, "committed");
    db.run("PRAGMA user_version = 700");
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    db.close();
    const before = readFileSync(path);
    expect(refusal()).toBe(
      `${path} was made by a newer version of Hubbub (schema 700; this one knows ${migrations.length}). Start that version, or restore a backup.`,
    );
    expect(readFileSync(path)).toEqual(before);
  });

  test("where it is another program's database", () => {
    const db = new Database(path);
    db.run("CREATE TABLE contacts (name TEXT)");
    db.close();
    const before = readFileSync(path);
    const sentence = `${path} is another program's database. Name another file with --data.`;
    expect(refusal()).toBe(sentence);
    expect(readFileSync(path)).toEqual(before);
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  test.each([
    ["text", "Dear diary, ".repeat(100)],
    ["noise", Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 131) % 251))],
    ["a picture's beginning", Buffer.from("89504e470d0a1a0a".repeat(200), "hex")],
  ])("where it is %s", (_, content) => {
    writeFileSync(path, content);
    expect(refusal()).toBe(`${path} is not a database. Name another file with --data.`);
    expect(readFileSync(path)).toEqual(Buffer.from(content));
  });

  test("where it is a folder", () => {
    expect(refusal(() => openForWriting(folder, "committed"))).toContain("cannot be used");
  });
});

test("reading a file that does not exist makes none", () => {
  expect(refusal(() => openForReading(path))).toContain("cannot be used");
  expect(existsSync(path)).toBe(false);
});
