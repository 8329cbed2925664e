import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { migrations, openForWriting } from "../../src/store/schema.ts";
import { openStore } from "../../src/store/store.ts";
import { refuseOlderFile, type Update, updateFile } from "../../src/store/update.ts";
import { run } from "../support/command.ts";
import { hubbub, startProcess } from "../support/process.ts";
import { mountSmallDisk } from "../support/small_disk.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";
import { refusalOf } from "./backups/made_database.ts";

const PATIENCE_MS = 60_000;

let folder: string;
let path: string;
beforeEach(() => {
  folder = makeFolder();
  path = join(folder, "hubbub.db");
});
afterEach(() => removeFolder(folder));

/** A database as the first version left it, with messages 1 to `count` in the general channel. */
function makeOld(count: number): void {
  using db = new Database(path, { create: true });
  db.run(migrations[0] as string);
  db.run("PRAGMA application_id = 0x48754242");
  db.run("PRAGMA user_version = 1");
  db.run(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     INSERT INTO message SELECT (1 << 32) + i, 7, randomblob(16), randomblob(200) FROM n`,
    [count],
  );
  db.run("PRAGMA journal_mode = WAL");
}

function tell(file = path) {
  using db = new Database(file);
  const { version } = db.query("SELECT user_version AS version FROM pragma_user_version").get() as {
    version: number;
  };
  const { n } = db.query("SELECT count(*) AS n FROM message").get() as { n: number };
  return { version, messages: n };
}

const backups = () => readdirSync(folder).filter((name) => name.startsWith("hubbub.db.schema-"));

async function update(hasBackup = true): Promise<Update[]> {
  const told: Update[] = [];
  await updateFile(path, { hasBackup, ownCheckpoints: true, told: (one) => told.push(one) });
  return told;
}

describe("an update of the database", () => {
  test("is preceded by a backup beside it, named by the older version, and kept", async () => {
    makeOld(1000);
    const backup = `${path}.schema-1`;
    expect(await update()).toEqual([{ from: 1, to: migrations.length, backup }]);
    expect(tell()).toEqual({ version: migrations.length, messages: 1000 });
    expect(tell(backup)).toEqual({ version: 1, messages: 1000 });
    expect((statSync(backup).mode & 0o777).toString(8)).toBe("600");
    // There is nothing to do any more, and nothing is done.
    expect(await update()).toEqual([]);
    expect(backups()).toEqual(["hubbub.db.schema-1"]);
  });

  test("makes no backup of a new file, nor where it is not to", async () => {
    expect(await update()).toEqual([]);
    openForWriting(path, "committed").close();
    expect(await update()).toEqual([]);
    removeFolder(folder);
    folder = makeFolder();
    path = join(folder, "hubbub.db");
    makeOld(10);
    expect(await update(false)).toEqual([{ from: 1, to: migrations.length, backup: undefined }]);
    expect(backups()).toEqual([]);
  });

  test("uses the backup of an attempt that was cut off, but not one of other contents", async () => {
    makeOld(1000);
    const old = readFileSync(path);
    await update();
    const bytes = readFileSync(`${path}.schema-1`);
    const again = (change?: string) => {
      for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
      writeFileSync(path, old);
      if (change === undefined) return;
      using db = new Database(path);
      db.run(change);
    };
    again();
    expect((await update())[0]?.backup).toBe(`${path}.schema-1`);
    expect(readFileSync(`${path}.schema-1`)).toEqual(bytes);
    again("UPDATE channel SET name = 'changed'");
    expect((await update())[0]?.backup).toMatch(/\.schema-1-\d{8}T\d{6}Z$/);
    expect(backups().length).toBe(2);
  });

  test(
    "that is killed in the middle leaves the old database whole, and the next start completes it",
    async () => {
      makeOld(400_000);
      let wasKilled = 0;
      // While the backup is made, and while the migration writes to the WAL.
      for (const isReached of [
        () => readdirSync(folder).some((name) => name.endsWith(".part")),
        () => (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 20_000_000,
      ]) {
        const child = Bun.spawn(hubbub("serve", "--port=0", "--data", path), {
          cwd: folder,
          env: { PATH: process.env.PATH },
          stdout: "ignore",
          stderr: "inherit",
        });
        await until(() => isReached() || child.exitCode !== null);
        child.kill("SIGKILL");
        await child.exited;
        if (tell().version === 1) wasKilled += 1;
        expect(tell().messages).toBe(400_000);
      }
      // What the older version would have found.
      expect(wasKilled).toBe(2);
      expect(tell()).toEqual({ version: 1, messages: 400_000 });

      const server = await startProcess(folder);
      const line = server.log.find(({ msg }) => msg === "bringing the database up to date");
      expect(line).toMatchObject({ from: 1, to: migrations.length, backup: `${path}.schema-1` });
      expect(await server.end("SIGTERM")).toBe(0);
      expect(tell()).toEqual({ version: migrations.length, messages: 400_000 });
      expect(tell(`${path}.schema-1`)).toEqual({ version: 1, messages: 400_000 });
      expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
    },
    2 * PATIENCE_MS,
  );

  test("is left to the server: a command beside an older one changes nothing", async () => {
    makeOld(10);
    expect(await refusalOf(() => refuseOlderFile(path))).toMatch(
      /is of an older version \(schema 1; this one has \d+\)\. Start the server of this version first/,
    );
    const { out, err, code } = await run(["user", "list", "--data", path]);
    expect({ out, code }).toEqual({ out: "", code: 1 });
    expect(err).toContain("is of an older version");
    expect(tell()).toEqual({ version: 1, messages: 10 });
  });
});

const probe = await mountSmallDisk(1024 * 1024);
await probe?.unmount();

test.skipIf(probe === undefined)(
  "without room for the backup the update is refused, with what to do",
  async () => {
    const disk = await mountSmallDisk(6 * 1024 * 1024);
    if (disk === undefined) throw new Error("the disk could not be mounted");
    try {
      path = join(disk.seen, "hubbub.db");
      makeOld(15_000);
      const open = () =>
        openStore(path, "committed", (error) => {
          throw error;
        });
      expect(await refusalOf(open)).toMatch(
        /^The backup before the update could not be made, and nothing was changed\. There is no room in \S+: \d+ MB are needed\. .+ HUBBUB_UPDATE_BACKUP=off does without\.$/,
      );
      expect(tell()).toEqual({ version: 1, messages: 15_000 });
    } finally {
      await disk.unmount();
    }
  },
);
