import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { migrations, openForWriting } from "../../../src/store/schema.ts";
import { change, logIdOf } from "../../store/backups/made_database.ts";
import { run } from "../../support/command.ts";
import { PASSWORD } from "../../support/server.ts";
import { examine, install, PATIENCE_MS, tracesOf } from "./checkup.ts";
import { addMessages } from "./messages.ts";

const PAGE_BYTES = 4096;

function nonceOf(path: string, id: number): Uint8Array {
  using db = new Database(path);
  return (db.query("SELECT nonce FROM message WHERE id = ?").get(id) as { nonce: Uint8Array })
    .nonce;
}

/** Alters the last byte of what stands both in a table and in an index, in one of them. */
function alterInOnePlace(path: string, bytes: Uint8Array): void {
  const file = readFileSync(path);
  const last = file.indexOf(bytes) + bytes.length - 1;
  expect(file.indexOf(bytes, last)).toBeGreaterThan(0);
  file[last] = (file[last] as number) ^ 1;
  writeFileSync(path, file);
}

test(
  "a whole database is right, in one go or with its indexes, and is left as it was without a WAL",
  async () => {
    using place = install();
    for (const args of [[], ["--full"]]) {
      const found = await examine(place.data, { args, unchanged: place.folder });
      for (const about of ["database", "log mark", "clock", "WAL", "pepper"]) {
        expect([about, found.of(about)?.level]).toEqual([about, "ok"]);
      }
      expect(found.of("database")?.text).toMatch(
        args.length > 0
          ? /^It is whole: [\d.]+ MB checked in one go, indexes with tables, in [\d.]+ s\.$/
          : /^It is whole: [\d.]+ MB checked in one go, in [\d.]+ s\.$/,
      );
    }
    expect(existsSync(`${place.data}-wal`)).toBe(false);
  },
  PATIENCE_MS,
);

test(
  "what a killed server has left in its WAL is read, and left as it was",
  async () => {
    using place = install();
    using crashed = install();
    // Its files as they are while it is at work.
    const db = openForWriting(place.data, "committed");
    addMessages(db, 1, [Date.now() + 3_600_000]);
    for (const suffix of ["", "-wal", "-shm"]) cpSync(place.data + suffix, crashed.data + suffix);
    db.close();
    for (const args of [[], ["--full"]]) {
      const found = await examine(crashed.data, { args, unchanged: crashed.folder });
      expect(found.of("database")?.text).toContain("in stretches");
      // That message is in the WAL alone.
      expect(found.of("clock")?.level).toBe("fail");
    }
    rmSync(`${crashed.data}-shm`);
    const found = await examine(crashed.data, { unchanged: crashed.folder });
    expect(found.of("database")).toMatchObject({
      level: "warn",
      text: `Beside ${crashed.data} lies a WAL without its index, so that it cannot be read without a change.`,
    });
  },
  PATIENCE_MS,
);

test(
  "a database of another version is told, and is not changed",
  async () => {
    using place = install();
    change(place.data, `PRAGMA user_version = ${migrations.length - 1}`);
    const older = await examine(place.data, { unchanged: place.folder });
    expect(older.of("database")).toMatchObject({
      level: "warn",
      text: `${place.data} has schema ${migrations.length - 1}, and this version has ${migrations.length}.`,
    });
    change(place.data, `PRAGMA user_version = ${migrations.length + 1}`);
    const newer = await examine(place.data, { unchanged: place.folder });
    expect(newer.of("database")?.level).toBe("fail");
    expect(newer.of("database")?.text).toContain("was made by a newer version of Hubbub");
    change(place.data, "PRAGMA application_id = 17");
    const foreign = await examine(place.data, { unchanged: place.folder });
    expect(foreign.of("database")?.text).toContain("is another program's database");
  },
  PATIENCE_MS,
);

test(
  "what is no database is told in a sentence",
  async () => {
    using place = install();
    writeFileSync(place.data, "Dear diary, ".repeat(1000));
    expect((await examine(place.data, { unchanged: place.folder })).of("database")).toMatchObject({
      level: "fail",
      text: `${place.data} is not a database.`,
    });
    const folder = await examine(place.folder, { unchanged: place.folder });
    expect(folder.of("database")).toMatchObject({
      level: "fail",
      text: `${place.folder} is no file. Name one with --data.`,
    });
    // An empty file is what a start makes a database of.
    writeFileSync(place.data, "");
    expect((await examine(place.data, { unchanged: place.folder })).of("database")?.level).toBe(
      "warn",
    );
  },
  PATIENCE_MS,
);

test(
  "damaged pages are to be mended, with a WAL and without, and never lead to more than sentences",
  async () => {
    using place = install(150);
    const whole = readFileSync(place.data);
    const pages = whole.length / PAGE_BYTES;
    for (const page of [0, 1, Math.floor(pages / 2), pages - 1]) {
      const damaged = Buffer.from(whole).fill(
        0xa5,
        page * PAGE_BYTES + 100,
        (page + 1) * PAGE_BYTES,
      );
      writeFileSync(place.data, damaged);
      const found = await examine(place.data, { unchanged: place.folder });
      expect([page, found.of("database")?.level, found.code]).toEqual([page, "fail", 2]);
      expect(found.of("database")?.advice).toContain("backup");
      expect(found.findings.some(({ text }) => text.includes("could not be looked at"))).toBe(
        false,
      );
    }
    writeFileSync(place.data, whole.subarray(0, whole.length - PAGE_BYTES));
    expect((await examine(place.data)).of("database")?.level).toBe("fail");
  },
  PATIENCE_MS,
);

test(
  "missing messages are to be mended, and so is what an index lacks, with --full",
  async () => {
    using place = install();
    change(place.data, "DELETE FROM message WHERE channel_id = 2 AND seq = 7");
    expect((await examine(place.data, { unchanged: place.folder })).of("database")).toMatchObject({
      level: "fail",
      text: "It is damaged: in channel 2, 19 messages bear the numbers 1 to 20.",
    });
    change(place.data, "DELETE FROM message WHERE channel_id = 2 AND seq < 7");
    expect((await examine(place.data)).of("database")?.text).toBe(
      "It is damaged: in channel 2, messages 1 to 7 are missing.",
    );
    // Where they have gone because they were old, nothing is missing.
    change(place.data, "INSERT INTO retention (channel_id, gone) VALUES (2, 7)");
    expect((await examine(place.data)).of("database")?.level).toBe("ok");

    // Of a deleted channel some may be there still, or have come since.
    change(
      place.data,
      "INSERT INTO channel (id, name, name_key, created_ms, deleted_ms) VALUES (9, '', 'deleted 1', 0, 1)",
      "INSERT INTO message SELECT 901, 9, 4, 1, randomblob(16), encoded FROM message WHERE id = 1",
      "INSERT INTO message SELECT 902, 9, 8, 1, randomblob(16), encoded FROM message WHERE id = 1",
    );
    expect((await examine(place.data)).of("database")?.level).toBe("ok");
    change(place.data, "DELETE FROM message WHERE id > 900");

    alterInOnePlace(place.data, nonceOf(place.data, 3));
    expect((await examine(place.data)).of("database")?.level).toBe("ok");
    const found = await examine(place.data, { args: ["--full"], unchanged: place.folder });
    expect(found.of("database")?.level).toBe("fail");
    expect(found.of("database")?.text).toContain("message_once");
  },
  PATIENCE_MS,
);

test(
  "a log that has gone back, a newest message from the future and a WAL without an end are told",
  async () => {
    using place = install();
    writeFileSync(`${place.data}.mark`, `${logIdOf(place.data)} 3\n`);
    expect((await examine(place.data, { unchanged: place.folder })).of("log mark")).toMatchObject({
      level: "warn",
      text: "The database is older than it was.",
    });
    change(place.data, "UPDATE heartbeat SET beats = 3");
    expect((await examine(place.data)).of("log mark")?.level).toBe("ok");

    const db = openForWriting(place.data, "committed");
    addMessages(db, 1, [Date.now() + 30_000]);
    expect((await examine(place.data)).of("clock")?.level).toBe("ok");
    addMessages(db, 1, [Date.now() + 7_200_000]);
    const future = await examine(place.data);
    expect(future.of("clock")).toMatchObject({
      level: "fail",
      advice: expect.stringContaining("Set the clock"),
    });
    expect(future.of("clock")?.text).toMatch(
      /^The newest message is from 7,1\d\d|7,200 s ahead\.$/,
    );

    // The file system gives the length without the bytes.
    truncateSync(`${place.data}-wal`, 300_000_000);
    const long = await examine(place.data);
    expect(long.of("WAL")).toMatchObject({ level: "warn", text: "The WAL has 300 MB." });
    expect(long.of("database")?.level).toBe("ok");
    db.run("UPDATE message SET encoded = x'ff' WHERE id = (SELECT max(id) FROM message)");
    expect((await examine(place.data)).of("clock")?.text).toBe(
      "The newest message cannot be read.",
    );
    db.close();
  },
  PATIENCE_MS,
);

test(
  "a pepper that passwords need must be there, the right one, and its owner's alone",
  async () => {
    using place = install();
    const added = await run(["user", "add", "bob", "--data", place.data], {
      HUBBUB_PASSWORD: PASSWORD,
    });
    expect(added.code).toBe(0);
    const file = join(place.folder, "pepper.key");
    const pepper = readFileSync(file);
    expect((await examine(place.data, { unchanged: place.folder })).of("pepper")).toMatchObject({
      level: "ok",
      text: `${file} has what the passwords need.`,
    });
    writeFileSync(file, `${"A".repeat(43)}\n`);
    expect((await examine(place.data)).of("pepper")?.text).toMatch(
      / has no pepper \S+, which 1 account needs\.$/,
    );
    writeFileSync(file, "nonsense\n");
    expect((await examine(place.data)).of("pepper")?.text).toContain("is damaged");
    rmSync(file);
    const missing = await examine(place.data, { unchanged: place.folder });
    expect(missing.of("pepper")).toMatchObject({
      level: "fail",
      text: `${file} is missing, and there are passwords that need it. Restore it from its backup.`,
    });
    expect(missing.code).toBe(2);
    // Where the setting says, it is the same.
    const elsewhere = join(place.outside, "pepper");
    writeFileSync(elsewhere, pepper, { mode: 0o644 });
    const open = await examine(place.data, { args: [`--pepper-file=${elsewhere}`] });
    expect(open.of("pepper")?.text).toContain("can be read by others than its owner (mode 644)");
  },
  PATIENCE_MS,
);

test(
  "nothing holds up a writer, and nothing is made, while somebody has the database open",
  async () => {
    using place = install();
    using db = new Database(place.data);
    db.run("PRAGMA wal_autocheckpoint = 0");
    addMessages(db, 1, [Date.now()]);
    const before = tracesOf(place.folder);
    await examine(place.data, { args: ["--full"] });
    const after = tracesOf(place.folder);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(after["hubbub.db"]).toEqual(before["hubbub.db"]);
    expect(after["hubbub.db-wal"]).toEqual(before["hubbub.db-wal"]);
    expect(after["hubbub.db-shm"]).toEqual(before["hubbub.db-shm"]);
    expect(statSync(place.data).size).toBeGreaterThan(0);
  },
  PATIENCE_MS,
);
