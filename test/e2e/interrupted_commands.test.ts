import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { makeBackup } from "../../src/store/backups/backup.ts";
import { checkDatabase } from "../../src/store/backups/check.ts";
import { change, makeDatabase } from "../store/backups/made_database.ts";
import { run } from "../support/command.ts";
import { hubbub } from "../support/process.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const PATIENCE_MS = 120_000;
/** In each of two channels: enough for every command to be in the middle of it when it is ended. */
const MESSAGES = 40_000;

let originals: string;
let folder: string;
let data: string;
const out = () => join(folder, "out");
beforeAll(async () => {
  originals = makeFolder();
  makeDatabase(join(originals, "hubbub.db"), MESSAGES, "x".repeat(400));
  await makeBackup(join(originals, "hubbub.db"), join(originals, "backup.db"));
});
afterAll(() => removeFolder(originals));
beforeEach(() => {
  folder = makeFolder();
  data = join(folder, "hubbub.db");
  copyFileSync(join(originals, "hubbub.db"), data);
});
afterEach(() => removeFolder(folder));

const commands: Record<string, () => string[]> = {
  backup: () => ["backup", out(), "--data", data],
  restore: () => ["restore", join(originals, "backup.db"), "--replace", "--data", data],
  "export of a channel": () => ["export", "--channel", "general", out(), "--data", data],
};

/** What a command that is not done has left in the folder. */
const unfinished = () => readdirSync(folder).filter((name) => /\.part|\.restor/.test(name));

/** Runs a command and ends it while its file is not finished; returns by what it ended. */
async function endInTheMiddle(args: readonly string[], signal: NodeJS.Signals) {
  const child = Bun.spawn(hubbub(...args), {
    cwd: "/",
    env: { PATH: process.env.PATH },
    stdout: "ignore",
    stderr: "inherit",
  });
  await until(() => unfinished().length > 0 || child.exitCode !== null);
  child.kill(signal);
  await child.exited;
  return child.signalCode;
}

for (const [name, args] of Object.entries(commands)) {
  describe(`hubbub ${name}`, () => {
    test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
      "that is ended by %s leaves nothing behind, and the database as it was",
      async (signal) => {
        expect(await endInTheMiddle(args(), signal)).toBe(signal);
        expect(unfinished()).toEqual([]);
        expect(existsSync(out())).toBe(false);
        expect(checkDatabase(data, "quick").messages).toBe(2 * MESSAGES);
        expect(readdirSync(folder).filter((file) => file.includes("replaced"))).toEqual([]);
      },
      PATIENCE_MS,
    );

    test(
      "that is killed leaves no half file under its name, and the next one removes what it left",
      async () => {
        expect(await endInTheMiddle(args(), "SIGKILL")).toBe("SIGKILL");
        expect(unfinished()).not.toEqual([]);
        expect(existsSync(out())).toBe(false);
        expect(await run(args())).toMatchObject({ code: 0, err: "" });
        expect(unfinished()).toEqual([]);
        expect(checkDatabase(data, "quick").messages).toBe(2 * MESSAGES);
      },
      PATIENCE_MS,
    );
  });
}

test(
  "an export is under its name when it is complete, and for its owner alone",
  async () => {
    change(data, "DELETE FROM message WHERE channel_id = 2");
    expect(await run(commands["export of a channel"]?.() ?? [])).toMatchObject({ code: 0 });
    const lines = readFileSync(out(), "utf8").trimEnd().split("\n");
    expect((statSync(out()).mode & 0o777).toString(8)).toBe("600");
    expect(JSON.parse(lines.at(-1) as string)).toEqual({ type: "end", lines: lines.length - 1 });
    expect(lines.filter((line) => line.includes('"type":"message"')).length).toBe(MESSAGES);
    const nowhere = ["export", "--channel", "general", join(folder, "no", "such"), "--data", data];
    expect(await run(nowhere)).toMatchObject({
      code: 1,
      err: `hubbub: ${join(folder, "no", "such")} cannot be written (ENOENT). Nothing was left behind.\n`,
    });
  },
  PATIENCE_MS,
);
