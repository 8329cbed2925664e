import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addPepper, PepperError, pepperFileOf, readPeppers } from "../../src/auth/pepper_file.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = makeFolder();
  path = join(folder, "pepper.key");
});
afterEach(() => removeFolder(folder));

function troubleOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof PepperError) return error.message;
    throw error;
  }
  throw new Error("there was no trouble");
}

describe("the pepper's file", () => {
  test("is made once, for its owner alone, with nothing left beside it", () => {
    const made = readPeppers(path, true);
    expect(made.newest.key).toHaveLength(32);
    expect(made.newest.id).toMatch(/^[A-Za-z0-9+/]{11}$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["pepper.key"]);
    expect(readPeppers(path, true)).toEqual(made);
  });

  test("is not made where that is not allowed", () => {
    expect(troubleOf(() => readPeppers(path, false))).toBe(
      `${path} is missing, and there are passwords that need it. Restore it from its backup.`,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test("made by several processes at once is one", async () => {
    const source = join(import.meta.dir, "../../src/auth/pepper_file.ts");
    const script = `import { readPeppers } from ${JSON.stringify(source)};
      process.stdout.write(readPeppers(${JSON.stringify(path)}, true).newest.id);`;
    const makers = Array.from({ length: 4 }, () => {
      const maker = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
      return new Response(maker.stdout).text();
    });
    const ids = await Promise.all(makers);
    expect(new Set(ids)).toEqual(new Set([readPeppers(path, false).newest.id]));
    expect(readdirSync(folder)).toEqual(["pepper.key"]);
  });

  test("altered in any byte has another id, so a wrong pepper is a missing one", () => {
    const { newest } = readPeppers(path, true);
    const text = readFileSync(path, "utf8");
    const key = Buffer.from(newest.key).toString("base64url");
    const altered = Buffer.from(newest.key);
    altered[31] = (altered[31] as number) ^ 1;
    writeFileSync(path, text.replace(key, altered.toString("base64url")));
    expect(readPeppers(path, false).byId.has(newest.id)).toBe(false);
  });

  test.each([
    ["empty", ""],
    ["with nothing but remarks", "# a remark\n\n"],
    ["with half a key", "AAAAAAAA\n"],
    ["with a key and rubbish", `${"A".repeat(43)}\nrubbish\n`],
  ])("%s is damaged, and left as it is", (_, text) => {
    writeFileSync(path, text, { mode: 0o600 });
    expect(troubleOf(() => readPeppers(path, true))).toContain("is damaged");
    expect(troubleOf(() => addPepper(path))).toContain("is damaged");
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  test("is refused where others can read it", () => {
    readPeppers(path, true);
    chmodSync(path, 0o640);
    expect(troubleOf(() => readPeppers(path, false))).toContain("can be read by others");
  });

  test("that is a folder is told as such", () => {
    expect(troubleOf(() => readPeppers(folder, false))).toContain(folder);
  });

  test("lies beside the data, or where the setting says", () => {
    expect(pepperFileOf("", "/data")).toBe("/data/pepper.key");
    expect(pepperFileOf("/run/secrets/pepper", "/data")).toBe("/run/secrets/pepper");
  });
});

describe("a rotation", () => {
  test("puts a new pepper last and keeps the others, and the file to its owner", () => {
    const first = readPeppers(path, true).newest;
    const second = addPepper(path);
    const third = addPepper(path);
    const { newest, byId } = readPeppers(path, false);
    expect([...byId.keys()]).toEqual([first.id, second, third]);
    expect(byId.get(first.id)?.key).toEqual(first.key);
    expect(newest.id).toBe(third);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["pepper.key"]);
  });

  test.skipIf(process.getuid?.() !== 0)("by root leaves the file to its owner", () => {
    readPeppers(path, true);
    chownSync(path, 12_345, 12_346);
    addPepper(path);
    expect(statSync(path)).toMatchObject({ uid: 12_345, gid: 12_346 });
  });

  test("waits for another to be done, so that no key is lost", () => {
    const { newest } = readPeppers(path, true);
    writeFileSync(`${path}.next`, "");
    expect(troubleOf(() => addPepper(path))).toContain("another rotation");
    expect(readPeppers(path, false).newest).toEqual(newest);
  });
});
