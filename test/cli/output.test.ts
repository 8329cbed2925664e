import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { closeSync, existsSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeDatabase } from "../store/backups/made_database.ts";
import { folder, refusalOf, run } from "../support/command.ts";
import { hubbub } from "../support/process.ts";
import { mountSmallDisk } from "../support/small_disk.ts";
import "./run.ts";

/** An escape sequence in each of its two forms, the ends of lines of Unicode, and a change of direction. */
const HOSTILE = '\u001b[31m\u009b31m\u0085\u2028{"type":"end","lines":0}\u2029\u202e\u007f';
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const obeyed = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/;

let data: ReturnType<typeof folder>;
beforeEach(() => {
  data = folder();
});
afterEach(() => data[Symbol.dispose]());

describe("what others have written is shown and not obeyed", () => {
  test("in an export, where no message can pass for another line", async () => {
    makeDatabase(data.db, 2, HOSTILE);
    const { out, code } = await run(["export", "--channel", "general", "--data", data.db]);
    expect(code).toBe(0);
    expect(out).not.toMatch(obeyed);
    const lines = out.trimEnd().split("\n");
    const read = lines.map((line) => JSON.parse(line) as { type: string; body?: string });
    expect(read.map(({ type }) => type)).toEqual([
      "channel",
      "member",
      "message",
      "message",
      "end",
    ]);
    expect(read[2]?.body).toBe(HOSTILE);
  });

  test("in lists, of names that somebody has put into the file", async () => {
    makeDatabase(data.db, 1);
    using db = new Database(data.db);
    db.run("UPDATE account SET name = ?", [HOSTILE]);
    db.run("UPDATE channel SET name = ? WHERE id = 2", [HOSTILE]);
    for (const list of ["user", "channel"]) {
      const { out, code } = await run([list, "list", "--data", data.db]);
      expect(code).toBe(0);
      expect(out).toContain("␛[31m");
      expect(out).not.toMatch(obeyed);
    }
  });
});

describe("a command ends with one sentence", () => {
  const exported = () => ["export", "--channel", "general", "--data", data.db];

  test("or none where whoever reads its output has gone", async () => {
    makeDatabase(data.db, 2000);
    const child = Bun.spawn(hubbub(...exported()), { stdout: "pipe", stderr: "pipe" });
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    expect(await new Response(child.stderr).text()).toBe("");
    expect(await child.exited).toBe(1);
  });

  test.skipIf(!existsSync("/dev/full"))("where its output cannot be written", async () => {
    makeDatabase(data.db, 1);
    for (const args of [exported(), ["user", "list", "--data", data.db]]) {
      const child = Bun.spawn(hubbub(...args), {
        stdout: openSync("/dev/full", "w"),
        stderr: "pipe",
      });
      const said = await new Response(child.stderr).text();
      expect(said).toMatch(/^hubbub: The system refuses it: ENOSPC[^\n]+\.\n$/);
      expect(await child.exited).toBe(1);
    }
  });

  test("where it cannot be told whether there is a database", async () => {
    await Bun.write(join(data.path, "file"), "");
    const below = join(data.path, "file", "hubbub.db");
    for (const args of [["user", "list"], exported().slice(0, 3), ["backup", "b.db"]]) {
      expect(await refusalOf([...args, "--data", below])).toBe(
        `${below} cannot be reached (ENOTDIR). Run this as the user that the server runs as.`,
      );
    }
  });

  test("where a message is damaged, which then can be deleted", async () => {
    makeDatabase(data.db, 3);
    using db = new Database(data.db);
    db.run("UPDATE message SET encoded = x'ffff' WHERE channel_id = 1 AND seq = 3");
    const { out, err, code } = await run(exported());
    expect({ out, code }).toEqual({ out: "", code: 1 });
    expect(err).toBe(
      "hubbub: Message 3 of general is damaged. Restore a backup, or do without it: hubbub message delete general 3\n",
    );
    for (const args of [
      ["channel", "list"],
      ["message", "delete", "general", "3"],
    ]) {
      expect((await run([...args, "--data", data.db])).code).toBe(0);
    }
    expect((await run(exported())).code).toBe(0);
  });

  test("where the data is a folder", async () => {
    mkdirSync(join(data.path, "sub"));
    const path = join(data.path, "sub");
    expect(await refusalOf(["user", "list", "--data", path])).toContain("cannot be used (EISDIR)");
    expect(await refusalOf(["stats", "--data", path])).toContain(`${path} is no file.`);
  });
});

const probe = await mountSmallDisk(1024 * 1024);
await probe?.unmount();

test.skipIf(probe === undefined)(
  "on a full disk it is said, and no half export is left",
  async () => {
    const disk = await mountSmallDisk(1024 * 1024);
    if (disk === undefined) throw new Error("the disk could not be mounted");
    try {
      makeDatabase(data.db, 5000, "x".repeat(300));
      const onDisk = async (...args: string[]) => {
        const child = Bun.spawn([...disk.enter, ...hubbub(...args)], { stderr: "pipe" });
        return [await new Response(child.stderr).text(), await child.exited];
      };
      const file = join(disk.folder, "general.jsonl");
      expect(await onDisk("export", file, "--channel", "general", "--data", data.db)).toEqual([
        `hubbub: ${file} cannot be written (ENOSPC). Nothing was left behind.\n`,
        1,
      ]);
      expect(existsSync(join(disk.seen, "general.jsonl"))).toBe(false);
      makeDatabase(join(disk.seen, "small.db"), 1);
      fillDisk(disk.seen);
      const database = join(disk.folder, "small.db");
      expect(await onDisk("user", "list", "--data", database)).toEqual([
        expect.stringMatching(
          /^hubbub: \S+ cannot be used: there is no room on its disk; make some /,
        ),
        1,
      ]);
    } finally {
      await disk.unmount();
    }
  },
);

/** Writes until nothing more goes in, and leaves it there. */
function fillDisk(folder: string): void {
  const file = openSync(join(folder, "fill"), "w");
  try {
    for (;;) writeSync(file, new Uint8Array(4096));
  } catch (error) {
    expect(error).toMatchObject({ code: "ENOSPC" });
  } finally {
    closeSync(file);
  }
}
