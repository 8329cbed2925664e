import { expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { backupName } from "../../../src/store/backups/names.ts";
import { mountSmallDisk } from "../../support/small_disk.ts";
import { examine, install, PATIENCE_MS } from "./checkup.ts";

const HOUR_MS = 3_600_000;
const asRoot = test.skipIf(process.getuid?.() !== 0);
/** A user that this machine most likely does not have. */
const SOMEBODY = 12_345;

test(
  "a folder that is its owner's alone is right, and so are keys that only their owner reads",
  async () => {
    using place = install();
    writeFileSync(join(place.folder, "pepper.key"), "", { mode: 0o600 });
    const found = await examine(place.data, { unchanged: place.folder });
    expect(found.of("folder")).toMatchObject({
      level: "ok",
      text: `${place.folder} is its owner's alone.`,
    });
    expect(found.of("keys")).toMatchObject({
      level: "ok",
      text: "Only their owner reads pepper.key.",
    });
  },
  PATIENCE_MS,
);

test(
  "a folder that is open to others is warned of, and a database in it that others may read is to be mended",
  async () => {
    using place = install();
    chmodSync(place.folder, 0o755);
    expect((await examine(place.data, { unchanged: place.folder })).of("folder")).toMatchObject({
      level: "warn",
      text: `${place.folder} is open to other users of this machine.`,
      advice: `chmod 700 ${place.folder}`,
    });

    chmodSync(place.data, 0o644);
    const found = await examine(place.data, { unchanged: place.folder });
    expect(found.of("folder")).toMatchObject({
      level: "fail",
      text: `hubbub.db in ${place.folder}: other users of this machine may read all messages.`,
      advice: `chmod 700 ${place.folder}; chmod 600 ${place.data}`,
    });
    expect(found.code).toBe(2);

    // A closed folder is enough, whatever lies in it.
    chmodSync(place.folder, 0o700);
    expect((await examine(place.data)).of("folder")?.level).toBe("ok");
    // Nobody is told to close a folder that is everybody's.
    chmodSync(place.folder, 0o1777);
    expect((await examine(place.data)).of("folder")?.advice).toBe(
      `Give the data a folder of its own. chmod 600 ${place.data}`,
    );
  },
  PATIENCE_MS,
);

test(
  "a key that others may read is to be mended",
  async () => {
    using place = install();
    const key = join(place.folder, "factors.key");
    writeFileSync(key, "");
    chmodSync(key, 0o640);
    expect((await examine(place.data, { unchanged: place.folder })).of("keys")).toMatchObject({
      level: "fail",
      text: "factors.key: other users of this machine may read it.",
      advice: `chmod 600 ${key}`,
    });
  },
  PATIENCE_MS,
);

asRoot(
  "files of another user than the folder's are to be mended, and those of other programs are not looked at",
  async () => {
    using place = install();
    writeFileSync(join(place.folder, "pepper.key"), "", { mode: 0o600 });
    chownSync(join(place.folder, "pepper.key"), SOMEBODY, SOMEBODY);
    mkdirSync(join(place.folder, "lost+found"));
    chownSync(join(place.folder, "lost+found"), SOMEBODY, SOMEBODY);
    expect((await examine(place.data, { unchanged: place.folder })).of("folder")).toMatchObject({
      level: "fail",
      text: `pepper.key in ${place.folder}: not of the user that the folder is of (0).`,
      advice: `If the server runs as that user: chown 0 ${join(place.folder, "pepper.key")}`,
    });
  },
  PATIENCE_MS,
);

asRoot.skipIf(Bun.which("setpriv") === null)(
  "whoever asks without the right to look gets a sentence for it, and whoever may not write is told",
  async () => {
    using place = install();
    const enter = ["setpriv", `--reuid=${SOMEBODY}`, `--regid=${SOMEBODY}`, "--clear-groups"];
    // The way to the folder is open.
    chmodSync(place.outside, 0o755);
    const closed = await examine(place.data, { enter, unchanged: place.folder });
    expect(closed.of("folder")).toEqual({
      about: "folder",
      level: "fail",
      text: `${place.folder} may not be looked at (EACCES).`,
      advice: "Ask as the user that the server runs as, or as root.",
    });
    expect(closed.code).toBe(2);
    // Of what cannot be seen it is not said that it is not there.
    expect(closed.of("database")?.text).toBe(`${place.data} may not be looked at (EACCES).`);

    chmodSync(place.folder, 0o755);
    chmodSync(place.data, 0o644);
    const open = await examine(place.data, { enter, unchanged: place.folder });
    const texts = open.findings.map(({ text }) => text);
    expect(texts).toContain(
      `You (user ${SOMEBODY}) may not write to ${place.folder}, which is of user 0.`,
    );
    expect(open.of("database")?.level).toBe("ok");

    chmodSync(place.data, 0o600);
    const half = await examine(place.data, { enter });
    expect(half.of("database")).toMatchObject({
      level: "fail",
      advice: expect.stringContaining("Ask as the user"),
    });

    // Its own folder, which it has closed to itself.
    chownSync(place.folder, SOMEBODY, SOMEBODY);
    chownSync(place.data, SOMEBODY, SOMEBODY);
    chmodSync(place.folder, 0o500);
    expect(
      (await examine(place.data, { enter, unchanged: place.folder })).of("folder"),
    ).toMatchObject({
      level: "fail",
      text: `Nobody may write to ${place.folder}.`,
    });
  },
  PATIENCE_MS,
);

asRoot(
  "a disk that is for reading only is to be mended, and the database on it is read nevertheless",
  async () => {
    const disk = await mountSmallDisk(16_000_000);
    if (disk === undefined) return;
    try {
      using place = install();
      Bun.spawnSync(["cp", "-a", place.data, disk.seen]);
      chmodSync(disk.seen, 0o700);
      expect(Bun.spawnSync(["mount", "-o", "remount,ro", disk.seen]).success).toBe(true);
      const found = await examine(join(disk.folder, "hubbub.db"), {
        enter: disk.enter,
        unchanged: disk.seen,
      });
      expect(found.of("folder")).toMatchObject({
        level: "fail",
        text: `${disk.folder} is on a disk that is for reading only.`,
      });
      expect(found.of("database")?.level).toBe("ok");
    } finally {
      await disk.unmount();
    }
  },
  PATIENCE_MS,
);

test(
  "a database that a link leads to is looked at in its own place, where its WAL is",
  async () => {
    using place = install();
    const link = join(place.outside, "link.db");
    symlinkSync(place.data, link);
    const found = await examine(link, { unchanged: place.outside });
    expect(found.of("database")?.level).toBe("ok");
  },
  PATIENCE_MS,
);

test(
  "backups are warned of where there are none, and to be mended where they are too old",
  async () => {
    using place = install();
    expect((await examine(place.data)).of("backups")).toMatchObject({
      level: "warn",
      text: "The server makes no backups.",
    });
    const folder = join(place.outside, "backups");
    const args = [`--backups=${folder} every 6h keep 14`];
    const none = { level: "warn", text: `There is no backup in ${folder}.` };
    expect((await examine(place.data, { args })).of("backups")).toMatchObject(none);
    mkdirSync(folder);
    writeFileSync(join(folder, "notes.txt"), "no backup");
    expect((await examine(place.data, { args })).of("backups")).toMatchObject(none);

    const make = (hours: number) => {
      const file = join(folder, backupName(Date.now() - hours * HOUR_MS));
      writeFileSync(file, "");
      // As a copy of it has: what counts is when it was begun.
      utimesSync(file, new Date(), new Date());
    };
    make(20);
    make(13);
    expect(
      (await examine(place.data, { args, unchanged: place.outside })).of("backups"),
    ).toMatchObject({
      level: "fail",
      text: `The newest of 2 in ${folder} is 13 hours old.`,
    });
    make(1);
    expect((await examine(place.data, { args })).of("backups")).toEqual({
      about: "backups",
      level: "ok",
      text: `The newest of 3 in ${folder} is 1 hour old. They are on the database's own disk: copy them elsewhere, too.`,
    });

    writeFileSync(join(folder, "pepper.key"), "", { mode: 0o600 });
    expect(readdirSync(folder)).toContain("pepper.key");
    expect((await examine(place.data, { args })).of("backups")).toMatchObject({
      level: "warn",
      text: "pepper.key lies beside them: whoever finds both can guess passwords.",
    });
  },
  PATIENCE_MS,
);
