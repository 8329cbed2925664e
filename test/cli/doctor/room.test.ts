import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { statfsSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { fileSystemFinding } from "../../../src/cli/doctor/file_system.ts";
import { change, makeDatabase } from "../../store/backups/made_database.ts";
import { mountSmallDisk } from "../../support/small_disk.ts";
import { examine, install, PATIENCE_MS } from "./checkup.ts";
import { addMessages } from "./messages.ts";

const MB = 1_000_000;
const DAY_MS = 86_400_000;

/** So many MB of messages, of which one came at `fromDays` ago and each further one a little later. */
function grow(path: string, mb: number, fromDays: number, toDays = 0): void {
  using db = new Database(path);
  const count = Math.ceil((mb * MB) / 16_000);
  const from = Date.now() - fromDays * DAY_MS;
  const step = ((fromDays - toDays) * DAY_MS) / count;
  const times = Array.from({ length: count }, (_, index) => from + index * step);
  addMessages(db, 1, times, "x".repeat(15_800));
}

/** A disk of that size, with a database in it as its own root may see it; undefined where none can be mounted. */
async function small(mb: number) {
  const disk = await mountSmallDisk(mb * MB);
  if (disk === undefined) return undefined;
  const seen = join(disk.seen, "hubbub.db");
  makeDatabase(seen, 0);
  change(seen, "PRAGMA journal_mode = DELETE");
  return {
    ...disk,
    seen,
    data: join(disk.folder, "hubbub.db"),
    [Symbol.asyncDispose]: disk.unmount,
  };
}

test(
  "a disk with little room is to be mended, and one with less than the database takes is warned of",
  async () => {
    await using little = await small(100);
    await using more = await small(300);
    if (little === undefined || more === undefined) return;
    const full = await examine(little.data, { enter: little.enter });
    expect(full.of("disk")).toMatchObject({
      level: "fail",
      text: expect.stringMatching(/^\d+ MB are free, and the database takes [\d.]+ MB\.$/),
      advice: expect.stringContaining("messages will be refused"),
    });
    expect(full.code).toBe(2);

    // A file with a hole: the length without the bytes.
    truncateSync(more.seen, 400 * MB);
    const tight = await examine(more.data, { enter: more.enter });
    expect(tight.of("disk")).toMatchObject({
      level: "warn",
      text: "300 MB are free, and the database takes 400 MB.",
      advice: "A backup or an update needs as much room as the database has.",
    });
  },
  PATIENCE_MS,
);

test(
  "how the database grew says when the disk is full",
  async () => {
    await using disk = await small(360);
    if (disk === undefined) return;
    const { data, seen, enter } = disk;
    const growth = async (...args: string[]) => (await examine(data, { enter, args })).of("growth");
    expect(await growth()).toMatchObject({
      level: "ok",
      text: "There is not yet a day of messages to tell by.",
    });

    grow(seen, 0.1, 0.9);
    expect((await growth())?.text).toBe("There is not yet a day of messages to tell by.");

    // 30 MB in three days, and some 320 left.
    change(seen, "DELETE FROM message");
    grow(seen, 30, 3);
    expect(await growth()).toMatchObject({
      level: "ok",
      text: expect.stringMatching(
        /^It grew by 10 MB a day in the last 3 days; so the disk lasts for 3\d days\.$/,
      ),
    });

    // What is older than a week does not count.
    change(seen, "DELETE FROM message", "VACUUM");
    grow(seen, 40, 40, 9);
    grow(seen, 80, 6);
    const few = await growth();
    expect(few).toMatchObject({
      level: "warn",
      text: expect.stringMatching(
        /^It grew by 1[12] MB a day in the last 7 days; so the disk is full in [12]\d days\.$/,
      ),
    });
    expect(few?.advice).toContain("HUBBUB_KEEP_DAYS");

    // By a limit it does not become full.
    for (const limit of ["--keep-days=5", "--keep-megabytes=130"]) {
      expect(await growth(limit)).toMatchObject({
        level: "ok",
        text: expect.stringContaining("by its limits it will not have more than 1"),
      });
    }
    expect((await growth("--keep-days=300"))?.level).toBe("warn");
    expect((await growth("--keep-megabytes=3000"))?.level).toBe("warn");

    change(seen, "DELETE FROM message", "VACUUM");
    grow(seen, 250, 1.5);
    expect(await growth()).toMatchObject({
      level: "fail",
      text: expect.stringMatching(/; so the disk is full in 0\.\d days\.$/),
    });
    // The room of what has gone is used again.
    change(seen, "DELETE FROM message WHERE id % 5 > 0");
    expect((await growth())?.level).not.toBe("fail");
  },
  PATIENCE_MS,
);

test(
  "a limit of size that cannot be held, that much goes by, or that is beyond the disk is warned of",
  async () => {
    using place = install();
    const retention = async (megabytes: number) =>
      (
        await examine(place.data, {
          args: [`--keep-megabytes=${megabytes}`],
          unchanged: place.folder,
        })
      ).of("retention");
    expect((await retention(100))?.level).toBe("ok");
    using db = new Database(place.data);
    const insert = db.prepare(
      "INSERT INTO account (name, name_key, password_hash, created_ms) VALUES (?, ?, ?, 0)",
    );
    db.transaction(() => {
      for (let id = 0; id < 6000; id++) insert.run(`user-${id}`, `user-${id}`, "x".repeat(9000));
    })();
    insert.finalize();
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    expect(await retention(100)).toMatchObject({
      level: "warn",
      text: expect.stringMatching(
        /^The database takes [5-9]\d MB without any message, which is more than half of HUBBUB_KEEP_MEGABYTES=100: /,
      ),
    });
    expect((await retention(400))?.level).toBe("ok");
    addMessages(
      db,
      1,
      Array.from({ length: 9000 }, () => 0),
      "x".repeat(10_000),
    );
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    expect(await retention(130)).toMatchObject({
      level: "warn",
      text: expect.stringMatching(
        /^The database takes 1[4-9]\d MB, and HUBBUB_KEEP_MEGABYTES=130: the oldest messages go until it is so small\.$/,
      ),
    });
    expect((await retention(400))?.level).toBe("ok");
    const { blocks, bsize } = statfsSync(place.folder);
    const beyond = Math.ceil((blocks * bsize) / MB) + 1;
    if (beyond > 100_000_000) return;
    expect(await retention(beyond)).toMatchObject({
      level: "warn",
      text: expect.stringContaining("it is full before the oldest go"),
    });
  },
  PATIENCE_MS,
);

test(
  "a database in memory is to be mended",
  async () => {
    await using disk = await small(16);
    if (disk === undefined) return;
    const found = await examine(disk.data, { enter: disk.enter });
    expect(found.of("file system")).toEqual({
      about: "file system",
      level: "fail",
      text: `${disk.folder} is in memory (tmpfs): all is lost when the machine stops.`,
      advice: "Put the data on a disk.",
    });
  },
  PATIENCE_MS,
);

test.skipIf(process.platform !== "linux" || process.getuid?.() !== 0)(
  "a database in the layer of a container is warned of",
  async () => {
    await using disk = await small(16);
    if (disk === undefined) return;
    const at = (name: string) => join(disk.folder, name);
    Bun.spawnSync(["mkdir", at("lower"), at("upper"), at("work"), at("merged")]);
    const mount = `mount -t overlay -o lowerdir=${at("lower")},upperdir=${at("upper")},workdir=${at("work")} o ${at("merged")}`;
    const enter = ["unshare", "--mount", "sh", "-c", `${mount} && exec "$@"`, "sh"];
    if (!Bun.spawnSync([...enter, "true"]).success) return;
    const found = await examine(join(at("merged"), "hubbub.db"), { enter });
    expect(found.of("file system")).toMatchObject({
      level: "warn",
      text: `${at("merged")} is a part of the container itself (overlay), and goes with it.`,
    });
  },
  PATIENCE_MS,
);

// What is mounted by a network is at hand nowhere: these are the numbers of statfs(2) alone.
test.each([
  [0x6969, "fail", "NFS"],
  [0xff534d42, "fail", "CIFS"],
  [0xff534d42 | 0, "fail", "CIFS"],
  [0xfe534d42, "fail", "SMB"],
  [0x65735546, "warn", "FUSE"],
  [0x01021997, "warn", "9p"],
  [0xef53, "ok", "on a disk of this machine"],
  [0x58465342, "ok", "on a disk of this machine"],
] as const)("a file system of type %p is %s: %s", (type, level, text) => {
  expect(fileSystemFinding("/data", type)).toMatchObject({
    level,
    text: expect.stringContaining(text),
  });
});
