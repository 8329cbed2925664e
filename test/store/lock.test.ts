import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { lockFile } from "../../src/store/schema.ts";
import { openStore } from "../../src/store/store.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = makeFolder();
  path = join(folder, "hubbub.db");
});
afterEach(() => removeFolder(folder));

const sentence = () => `Another Hubbub server is using ${path}. Stop it first.`;
const neverDies = (error: Error) => {
  throw error;
};

describe("a data file", () => {
  test("is one server's: another one is refused, in this process or any other", async () => {
    await using holder = Bun.spawn(
      [process.execPath, join(import.meta.dir, "lock_holder.ts"), path],
      {
        stdout: "pipe",
        stderr: "inherit",
      },
    );
    const { value } = await holder.stdout.getReader().read();
    expect(new TextDecoder().decode(value)).toBe("locked\n");
    expect(() => lockFile(path)).toThrow(sentence());
    await expect(openStore(path, "committed", neverDies)).rejects.toThrow(sentence());

    // However the process ends, the lock ends with it.
    holder.kill("SIGKILL");
    await holder.exited;
    const store = await openStore(path, "committed", neverDies);
    await expect(openStore(path, "committed", neverDies)).rejects.toThrow(sentence());
    await store.close();
    lockFile(path).close();
  });

  test("can be had again after a start that failed", async () => {
    writeFileSync(path, "this is no database, and long enough to be sure of it".repeat(10));
    const open = () => openStore(path, "committed", neverDies);
    await expect(open()).rejects.toThrow("is not a database");
    await expect(open()).rejects.toThrow("is not a database");
    lockFile(path).close();
  });
});
