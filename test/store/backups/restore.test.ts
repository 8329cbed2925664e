import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chownSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { makeBackup } from "../../../src/store/backups/backup.ts";
import { checkDatabase } from "../../../src/store/backups/check.ts";
import { finishRestore } from "../../../src/store/backups/finish_restore.ts";
import { restoreBackup } from "../../../src/store/backups/restore.ts";
import { lockFile } from "../../../src/store/schema.ts";
import { makeFile, openStore } from "../../../src/store/store.ts";
import { hubbub } from "../../support/process.ts";
import { makeFolder, removeFolder } from "../../support/temp.ts";
import { until } from "../../support/wait.ts";
import { change, logIdOf, makeDatabase, refusalOf, rowsOf } from "./made_database.ts";

const PATIENCE_MS = 60_000;
const plain = { replace: false, keepSignIns: false };
const replacing = { replace: true, keepSignIns: false };
const SESSION = "INSERT INTO session VALUES ('s', 1, '', 0, 0, 9e15, NULL)";
const TOKEN = "INSERT INTO refresh_token VALUES (x'00', 's', 'current', 0)";

let folder: string;
let data: string;
let backup: string;
beforeEach(async () => {
  folder = makeFolder();
  data = join(folder, "hubbub.db");
  backup = join(folder, "backup.db");
  makeDatabase(data);
  change(data, SESSION, TOKEN);
  await makeBackup(data, backup);
  // What is only in the database, and is to be undone.
  change(
    data,
    "INSERT INTO channel (name, name_key, created_ms) VALUES ('later', 'later', 0)",
    "INSERT INTO account (name, name_key, password_hash, created_ms) VALUES ('bob', 'bob', '', 0)",
    "UPDATE account SET disabled_ms = 1, password_hash = 'two', role = 'admin' WHERE name = 'ada'",
  );
});
afterEach(() => removeFolder(folder));

const kept = () => readdirSync(folder).filter((name) => /\.replaced-\d{8}T\d{6}Z$/.test(name));
const count = (path: string, table: string) => {
  using db = new Database(path);
  return (db.query(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;
};

describe("a restore", () => {
  test("puts the backup in the place of the database, which is kept, and tells what is undone", async () => {
    const before = rowsOf(data);
    const restored = await restoreBackup(backup, data, replacing);
    expect(restored).toMatchObject({ messages: 200, channels: 2, accounts: 1, endedSignIns: 1 });
    expect(restored.undone).toEqual({
      disabled: ["ada"],
      password: ["ada"],
      role: ["ada"],
      made: ["bob"],
      erased: [],
    });
    expect(rowsOf(data)).toEqual(rowsOf(backup));
    expect(kept().map((name) => join(folder, name))).toEqual([restored.keptAs as string]);
    expect(rowsOf(restored.keptAs as string)).toEqual(before);
    expect((statSync(data).mode & 0o777).toString(8)).toBe("600");
    expect(readdirSync(folder).filter((name) => /part|restor/.test(name))).toEqual([]);
  });

  test("keeps what each of two replaces, however soon they come one after another", async () => {
    const [before, ofBackup] = [rowsOf(data), rowsOf(backup)];
    const names: string[] = [];
    for (let round = 0; round < 3; round++) {
      names.push((await restoreBackup(backup, data, replacing)).keptAs as string);
    }
    expect(
      kept()
        .sort()
        .map((name) => join(folder, name)),
    ).toEqual(names);
    expect(names.map(rowsOf)).toEqual([before, ofBackup, ofBackup]);
  });

  test("gives the log another id each time, and leaves the backup as it was", async () => {
    const bytes = readFileSync(backup);
    const ids = [logIdOf(data)];
    for (let round = 0; round < 2; round++) {
      const place = join(folder, `${round}`, "hubbub.db");
      await restoreBackup(backup, place, plain);
      ids.push(logIdOf(place));
    }
    expect(new Set(ids).size).toBe(3);
    expect(readFileSync(backup)).toEqual(bytes);
  });

  test("ends all sign-ins, unless they are to be kept", async () => {
    await restoreBackup(backup, data, replacing);
    expect([count(data, "session"), count(data, "refresh_token")]).toEqual([0, 0]);
    const other = join(folder, "other.db");
    await restoreBackup(backup, other, { replace: false, keepSignIns: true });
    expect([count(other, "session"), count(other, "refresh_token")]).toEqual([1, 1]);
  });

  test("takes no one-time code again that may have been used since the backup", async () => {
    change(backup, "INSERT INTO totp_factor VALUES ('f', 1, x'00', 5, 0, 0, 0, NULL)");
    await restoreBackup(backup, data, replacing);
    using db = new Database(data);
    const { step } = db.query("SELECT last_step AS step FROM totp_factor").get() as {
      step: number;
    };
    // The server takes the step after this one at the most.
    expect(step).toBeGreaterThanOrEqual(Math.floor(Date.now() / 30_000));
  });

  test.skipIf(process.getuid?.() !== 0)("by root is its owner's, as the database was", async () => {
    chownSync(data, 12_345, 12_346);
    await restoreBackup(backup, data, replacing);
    for (const file of [data, `${data}.lock`]) {
      expect(statSync(file)).toMatchObject({ uid: 12_345, gid: 12_346 });
    }
  });

  test("works through a symbolic link, and of a database that is only in its WAL", async () => {
    const link = join(folder, "link.db");
    symlinkSync(data, link);
    await restoreBackup(backup, link, replacing);
    expect(rowsOf(data)).toEqual(rowsOf(backup));
    // As Litestream leaves a database, or somebody who copies one by hand.
    using db = new Database(data);
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA wal_autocheckpoint = 0");
    db.run("INSERT INTO channel (name, name_key, created_ms) VALUES ('in the WAL', 'w', 0)");
    const copy = join(folder, "copy.db");
    for (const suffix of ["", "-wal"]) copyFileSync(data + suffix, copy + suffix);
    const bytes = () => ["", "-wal"].map((suffix) => readFileSync(copy + suffix));
    const before = bytes();
    const place = join(folder, "place.db");
    await restoreBackup(copy, place, plain);
    expect(count(place, "channel")).toBe(3);
    expect(bytes()).toEqual(before);
  });

  test("takes no code from a backup that was in other hands", async () => {
    change(
      backup,
      "DROP TRIGGER newest_message_deleted",
      `CREATE TRIGGER newest_message_deleted AFTER INSERT ON account
       BEGIN UPDATE account SET role = 'admin' WHERE name = 'eve'; END`,
      'CREATE TRIGGER "o""dd" AFTER UPDATE ON meta BEGIN DELETE FROM message; END',
      "CREATE VIEW everything AS SELECT * FROM message",
      "CREATE TRIGGER seen INSTEAD OF DELETE ON everything BEGIN SELECT 1; END",
    );
    const code = (path: string) => {
      using db = new Database(path);
      const sql = "SELECT name, sql FROM sqlite_schema WHERE type IN ('trigger', 'view')";
      return db.query(sql).all();
    };
    const { foreignCode, messages } = await restoreBackup(backup, data, replacing);
    expect(foreignCode).toEqual(["newest_message_deleted", 'o"dd', "everything", "seen"]);
    expect(count(data, "message")).toBe(messages);
    const other = join(folder, "other.db");
    makeDatabase(other, 1);
    expect(code(data)).toEqual(code(other));
    expect(code(data)).toHaveLength(1);
  });

  test.skipIf(process.getuid?.() !== 0)(
    "by root gives away no file that a link names",
    async () => {
      const root = join(folder, "of-root");
      writeFileSync(root, "");
      symlinkSync(root, `${data}.lock`);
      chownSync(data, 12_345, 12_346);
      await restoreBackup(backup, data, replacing);
      expect(statSync(root)).toMatchObject({ uid: 0, gid: 0 });
    },
  );
});

describe("a restore is refused, and nothing is changed,", () => {
  async function expectRefusal(sentence: string | RegExp, options = replacing): Promise<void> {
    const before = rowsOf(data);
    expect(await refusalOf(() => restoreBackup(backup, data, options))).toMatch(sentence);
    expect(rowsOf(data)).toEqual(before);
    expect(kept()).toEqual([]);
  }

  test("over a database, unless it is asked for", () =>
    expectRefusal(`${data} exists. With --replace it is kept under another name`, plain));

  test("while a server has the database, even one that does nothing", async () => {
    const lock = lockFile(data);
    await expectRefusal(`Another Hubbub server is using ${data}. Stop it first.`);
    lock.close();
  });

  test("while another program has the database open", async () => {
    using other = new Database(data);
    other.query("SELECT count(*) FROM account").get();
    await expectRefusal(`Another program has ${data} open. Stop it first.`);
  });

  test("where the backup is damaged, another program's, of a newer version, or no database", async () => {
    const whole = readFileSync(backup);
    writeFileSync(backup, Buffer.from(whole).fill(0xa5, 8192, 12_288));
    await expectRefusal(" is damaged: ");
    writeFileSync(backup, whole);
    change(backup, "PRAGMA user_version = 700");
    await expectRefusal(" was made by a newer version of Hubbub (schema 700");
    change(backup, "PRAGMA application_id = 1");
    await expectRefusal(" is another program's database");
    writeFileSync(backup, "no database");
    await expectRefusal(" is not a database");
    backup = join(folder, "nothing.db");
    await expectRefusal(`There is no ${backup}.`);
    backup = data;
    await expectRefusal(" is the database itself.");
  });
});

test("a damaged database is kept with its WAL, which is not taken for the new one's", async () => {
  const damaged = readFileSync(data).fill(0xa5);
  writeFileSync(data, damaged);
  writeFileSync(`${data}-wal`, "what was left of the WAL");
  const { keptAs, undone } = await restoreBackup(backup, data, replacing);
  expect(undone).toBeUndefined();
  expect(rowsOf(data)).toEqual(rowsOf(backup));
  expect(readFileSync(keptAs as string)).toEqual(damaged);
  expect(readFileSync(`${keptAs}-wal`, "utf8")).toBe("what was left of the WAL");
});

describe("killed,", () => {
  test("wherever it is at its end, it is finished by the next start, once", async () => {
    const names = { old: join(folder, "old"), next: join(folder, "next") };
    copyFileSync(data, names.old);
    await restoreBackup(backup, names.next, plain);
    const wanted = logIdOf(names.next);
    // What each step has left behind, in order: nothing moved, the database moved, its WAL too.
    const steps = [
      () => {
        copyFileSync(names.old, data);
        writeFileSync(`${data}-wal`, "a WAL");
      },
      () => writeFileSync(`${data}-wal`, "a WAL"),
      () => {},
    ];
    for (const step of steps) {
      const stale = readdirSync(folder).filter((name) => name.startsWith("hubbub.db"));
      for (const name of stale) renameSync(join(folder, name), join(folder, `stale-${name}`));
      copyFileSync(names.next, `${data}.restored`);
      step();
      const hadDatabase = existsSync(data);
      const store = await openStore(data, "committed", (error) => {
        throw error;
      });
      expect(store.logId).toBe(wanted);
      expect(store.channels.map(({ head }) => head)).toEqual([100, 100]);
      await store.close();
      expect(kept().filter((name) => name.startsWith("hubbub.db")).length).toBe(
        hadDatabase ? 1 : 0,
      );
      expect(existsSync(`${data}.restored`)).toBe(false);
      expect(finishRestore(data)).toBeUndefined();
    }
  });

  test(
    "at any moment, it leaves the old database or the new one, whole, and a second one succeeds",
    async () => {
      const large = join(folder, "large.db");
      makeDatabase(large, 8_000, "x".repeat(400));
      const old = logIdOf(data);
      let wasKilled = 0;
      for (const isReached of [
        () => readdirSync(folder).some((name) => name.endsWith(".part")),
        () => readdirSync(folder).some((name) => /\.restoring-\d+$/.test(name)),
        () => kept().length > 0,
      ]) {
        const child = Bun.spawn(hubbub("restore", large, "--replace", "--data", data), {
          cwd: "/",
          env: { PATH: process.env.PATH },
          stdout: "ignore",
          stderr: "ignore",
        });
        await until(() => isReached() || child.exitCode !== null);
        if (child.exitCode === null) wasKilled += 1;
        child.kill("SIGKILL");
        await child.exited;
        // What every start and every command does first.
        makeFile(data);
        const expected = logIdOf(data) === old ? 200 : 16_000;
        expect(checkDatabase(data, "whole").messages).toBe(expected);
      }
      expect(wasKilled).toBeGreaterThan(0);
      await restoreBackup(large, data, replacing);
      expect(rowsOf(data)).toEqual(rowsOf(large));
      expect(readdirSync(folder).filter((name) => /part$|restor/.test(name))).toEqual([]);
    },
    PATIENCE_MS,
  );
});
