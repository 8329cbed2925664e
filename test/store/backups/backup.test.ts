import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeBackup } from "../../../src/store/backups/backup.ts";
import { hubbub } from "../../support/process.ts";
import { mountSmallDisk } from "../../support/small_disk.ts";
import { makeFolder, removeFolder } from "../../support/temp.ts";
import { until } from "../../support/wait.ts";
import { change, makeDatabase, refusalOf, rowsOf } from "./made_database.ts";

const PATIENCE_MS = 60_000;
/** So that a database of 40,000 messages takes many steps to copy. */
const BODY = "x".repeat(400);

let folder: string;
let source: string;
let file: string;
beforeEach(() => {
  folder = makeFolder();
  source = join(folder, "hubbub.db");
  file = join(folder, "backup.db");
});
afterEach(() => removeFolder(folder));

const filesBesides = (...names: string[]) =>
  readdirSync(folder).filter((name) => !name.startsWith("hubbub.db") && !names.includes(name));

describe("a backup", () => {
  test("has every row, is one file for its owner alone, and needs no WAL", async () => {
    makeDatabase(source, 300);
    const made = await makeBackup(source, file);
    expect(made).toMatchObject({ file, messages: 600, channels: 2, accounts: 1 });
    expect(made.bytes).toBe(statSync(file).size);
    expect((statSync(file).mode & 0o777).toString(8)).toBe("600");
    expect(filesBesides("backup.db")).toEqual([]);
    expect(rowsOf(file)).toEqual(rowsOf(source));
    using db = new Database(file);
    expect(db.query("PRAGMA journal_mode").values()).toEqual([["delete"]]);
  });

  test(
    "is the database of one moment, however much is committed while it is made",
    async () => {
      makeDatabase(source, 20_000, BODY);
      const writer = Bun.spawn(
        [process.execPath, join(import.meta.dir, "writing_process.ts"), source],
        { stdout: "pipe", stderr: "inherit" },
      );
      const rounds = writer.stdout.getReader();
      await rounds.read();
      // Between its steps the other process commits and checkpoints.
      let rests = 0;
      const how = {
        isStill: false,
        rest() {
          rests += 1;
          Bun.sleepSync(150);
        },
      };
      const made = await makeBackup(source, file, how);
      await rounds.read();
      writer.kill("SIGKILL");
      await writer.exited;
      expect(rests).toBeGreaterThan(1);
      const { messages } = rowsOf(source);
      expect(messages.length).toBeGreaterThan(made.messages);
      // What it has are the oldest of what there is, channel by channel.
      const kept = rowsOf(file).messages as { channel_id: number; seq: number }[];
      expect(kept.length).toBe(made.messages);
      for (const channel of [1, 2]) {
        const of = (rows: unknown[]) =>
          (rows as { channel_id: number }[]).filter((row) => row.channel_id === channel);
        expect(of(kept)).toEqual(of(messages).slice(0, of(kept).length));
      }
    },
    PATIENCE_MS,
  );

  test("never overwrites, and leaves what is there as it was", async () => {
    makeDatabase(source);
    writeFileSync(file, "precious");
    expect(await refusalOf(() => makeBackup(source, file))).toBe(
      `${file} exists already. Name another file; nothing is overwritten.`,
    );
    expect(readFileSync(file, "utf8")).toBe("precious");
  });

  test("of a damaged database is refused, and names that", async () => {
    makeDatabase(source);
    change(source, "DELETE FROM message WHERE channel_id = 1 AND seq = 7");
    expect(await refusalOf(() => makeBackup(source, file))).toStartWith(`${source} is damaged: `);
    expect(filesBesides()).toEqual([]);
  });

  test("into a folder that is not there is refused", async () => {
    makeDatabase(source);
    const elsewhere = join(folder, "nowhere", "backup.db");
    expect(await refusalOf(() => makeBackup(source, elsewhere))).toBe(
      `There is no folder ${join(folder, "nowhere")} for the backup.`,
    );
  });

  test(
    "killed in the middle leaves nothing under its name, and the next removes what is left",
    async () => {
      makeDatabase(source, 20_000, BODY);
      const child = Bun.spawn(hubbub("backup", file, "--data", source), {
        cwd: "/",
        env: { PATH: process.env.PATH },
        stdout: "ignore",
        stderr: "ignore",
      });
      const draft = `${file}.${child.pid}.part`;
      await until(() => (statSync(draft, { throwIfNoEntry: false })?.size ?? 0) > 1_000_000);
      child.kill("SIGKILL");
      await child.exited;
      expect(existsSync(file)).toBe(false);
      expect(existsSync(draft)).toBe(true);
      await makeBackup(source, file);
      expect(filesBesides("backup.db")).toEqual([]);
      expect(rowsOf(file)).toEqual(rowsOf(source));
    },
    PATIENCE_MS,
  );
});

const probe = await mountSmallDisk(1024 * 1024);
await probe?.unmount();

describe.skipIf(probe === undefined)("on a disk without room, a backup is refused", () => {
  async function onDisk(bytes: number, body: (folder: string) => Promise<void>): Promise<void> {
    const disk = await mountSmallDisk(bytes);
    if (disk === undefined) throw new Error("the disk could not be mounted");
    try {
      await body(disk.seen);
    } finally {
      await disk.unmount();
    }
  }

  test("before anything is written, where it is seen beforehand", async () => {
    makeDatabase(source, 20_000, BODY);
    await onDisk(1024 * 1024, async (small) => {
      const sentence = await refusalOf(() => makeBackup(source, join(small, "backup.db")));
      expect(sentence).toMatch(
        /^There is no room in \S+: \d+ MB are needed\. Nothing was left behind\.$/,
      );
      expect(readdirSync(small)).toEqual([]);
    });
  });

  test("and nothing is left behind, where others fill it meanwhile", async () => {
    makeDatabase(source, 20_000, BODY);
    await onDisk(40 * 1024 * 1024, async (small) => {
      const ballast = () => {
        try {
          writeFileSync(join(small, "ballast"), Buffer.alloc(38 * 1024 * 1024));
        } catch {
          // It is full now.
        }
      };
      const how = { isStill: false, rest: ballast };
      const sentence = await refusalOf(() => makeBackup(source, join(small, "backup.db"), how));
      expect(sentence).toMatch(/^There is no room in /);
      expect(readdirSync(small)).toEqual(["ballast"]);
    });
  });
});
