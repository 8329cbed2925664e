import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Argon2id } from "oslo/password";
import { Hashing } from "../../src/auth/hashing.ts";
import { addPepper, PepperError, readPeppers } from "../../src/auth/pepper_file.ts";
import { readStoredHash } from "../../src/auth/stored_hash.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";

const cost = { memoryKib: 19_456, passes: 2 };
const PASSWORD = "correct horse";

let folder: string;
let path: string;

beforeEach(() => {
  folder = makeFolder();
  path = join(folder, "pepper.key");
});
afterEach(() => removeFolder(folder));

const hashing = (of = cost) => new Hashing(() => readPeppers(path, true), of);
const idOf = (hash: string) => readStoredHash(hash)?.pepperId;

describe("checking a password", () => {
  test("tells right from wrong, to the last character and beyond a NUL", async () => {
    const hasher = hashing();
    for (const password of [
      `${"x".repeat(72)}a`,
      `${"x".repeat(255)}a`,
      "nul \0a",
      "😀".repeat(256),
    ]) {
      const hash = await hasher.hash(password);
      const other = `${[...password].slice(0, -1).join("")}b`;
      expect(await hasher.verify(hash, password)).toEqual({ matches: true });
      expect(await hasher.verify(hash, other)).toEqual({ matches: false });
    }
  });

  test("with a pepper that was altered says that it is missing, never that the password is wrong", async () => {
    const hash = await hashing().hash(PASSWORD);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/^[\w-]{43}$/m, "A".repeat(43)));
    const sentence = `The pepper ${idOf(hash)} is missing: restore it.`;
    expect(await hashing().verify(hash, PASSWORD)).toEqual({ pepperTrouble: sentence });
  });

  test("without the file says so of every name, known or not, and hashes nothing", async () => {
    const hash = await hashing().hash(PASSWORD);
    unlinkSync(path);
    const hasher = new Hashing(() => readPeppers(path, false), cost);
    const answers = [await hasher.verify(hash, PASSWORD), await hasher.verify(undefined, PASSWORD)];
    for (const answer of answers) {
      expect(answer).toEqual({ pepperTrouble: expect.stringContaining("is missing") });
    }
    expect(hasher.hash(PASSWORD)).rejects.toBeInstanceOf(PepperError);
  });

  test("finds a pepper that was added since it read the file", async () => {
    const running = hashing();
    await running.hash(PASSWORD);
    addPepper(path);
    const hash = await hashing().hash(PASSWORD);
    expect(await running.verify(hash, PASSWORD)).toEqual({ matches: true });
  });
});

describe("an outdated hash is replaced when its password was right", () => {
  /** What replaces the hash; it must be as good as a new one. */
  async function replacementOf(hash: string, hasher: Hashing): Promise<string> {
    expect(await hasher.verify(hash, "wrong password")).toEqual({ matches: false });
    const answer = await hasher.verify(hash, PASSWORD);
    const rehashed = "rehashed" in answer ? (answer.rehashed ?? "") : "";
    expect(await hasher.verify(rehashed, PASSWORD)).toEqual({ matches: true });
    return rehashed;
  }

  test("where it has no pepper", async () => {
    const algorithm = "argon2id";
    const bare = await Bun.password.hash(PASSWORD, { algorithm, memoryCost: 65_536, timeCost: 2 });
    const replacement = await replacementOf(bare, hashing());
    expect(idOf(replacement)).toBe(readPeppers(path, false).newest.id);
  });

  test("where it has an older pepper", async () => {
    const hash = await hashing().hash(PASSWORD);
    const id = addPepper(path);
    expect(idOf(await replacementOf(hash, hashing()))).toBe(id);
  });

  test("where it took less work than now asked for, but not where it took more", async () => {
    const stronger = { memoryKib: 32_768, passes: 3 };
    const hash = await hashing().hash(PASSWORD);
    const replacement = await replacementOf(hash, hashing(stronger));
    expect(readStoredHash(replacement)?.cost).toEqual(stronger);
    expect(await hashing().verify(replacement, PASSWORD)).toEqual({ matches: true });
  });
});

describe("a hash that cannot be used", () => {
  test.each([
    "",
    "plain",
    "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$quyusfeeuAGbpiw09i+j4VKJ+I/5h3mugd4HghmS/x8",
    "$argon2id$v=19$m=4294967295,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$quyusfeeuAGbpiw09i+j4VKJ+I/5h3mugd4HghmS/x8",
    // Base64 whose last bits stand for nothing.
    "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODz$quyusfeeuAGbpiw09i+j4VKJ+I/5h3mugd4HghmS/x9",
  ])("(%j) lets nobody in", async (stored) => {
    expect(await hashing().verify(stored, PASSWORD)).toEqual({ matches: false, unusable: true });
  });
});

test("a wrong password, an unknown name, a bad hash and a lost pepper all cost one Argon2id of the same size", async () => {
  const hasher = hashing();
  const hash = await hasher.hash(PASSWORD);
  const parametersOf = (phc: string) => phc.split("$").slice(0, 4);
  const lengthsOf = (phc: string) => phc.split("$").map((part) => part.length);
  const fresh = hash.replace(/,keyid=[^$]*/, "");
  using verify = spyOn(Argon2id.prototype, "verify");
  for (const stored of [
    hash,
    undefined,
    "",
    "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$dGFn",
    hash.replace(/keyid=.{11}/, "keyid=AAAAAAAAAAA"),
  ]) {
    await hasher.verify(stored, "wrong password");
  }
  const checked = verify.mock.calls.map(([phc]) => phc);
  expect(checked).toHaveLength(5);
  for (const phc of checked) {
    expect(parametersOf(phc)).toEqual(parametersOf(fresh));
    expect(lengthsOf(phc)).toEqual(lengthsOf(fresh));
  }
});
