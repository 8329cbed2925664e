import { describe, expect, test } from "bun:test";
import {
  HASH_BOUNDS,
  isOutdated,
  readStoredHash,
  withPepperId,
} from "../../src/auth/stored_hash.ts";
import { settings } from "../../src/config.ts";

const SALT = "AAECAwQFBgcICQoLDA0ODw";
const TAG = "quyusfeeuAGbpiw09i+j4VKJ+I/5h3mugd4HghmS/x8";
const phc = (parameters = "m=19456,t=2,p=1", salt = SALT, tag = TAG) =>
  `$argon2id$v=19$${parameters}$${salt}$${tag}`;
const cost = { memoryKib: 19_456, passes: 2 };

describe("a stored hash", () => {
  test("is taken apart, and its pepper's id kept from Argon2", () => {
    const stored = withPepperId(phc(), "AbcdEfgh012");
    expect(stored).toBe(phc("m=19456,t=2,p=1,keyid=AbcdEfgh012"));
    expect(readStoredHash(stored)).toEqual({
      cost,
      saltBytes: 16,
      tagBytes: 32,
      pepperId: "AbcdEfgh012",
      phc: phc(),
    });
    expect(readStoredHash(phc())?.pepperId).toBeUndefined();
  });

  test.each([
    ["empty", ""],
    ["text", "correct horse"],
    ["another algorithm", "$2b$10$abcdefghijklmnopqrstuv"],
    ["Argon2i", phc().replace("argon2id", "argon2i")],
    ["version 1.0", phc().replace("v=19", "v=16")],
    ["cut short", phc().slice(0, 40)],
    ["without a salt", phc(undefined, "")],
    ["without a tag", phc(undefined, undefined, "")],
    ["with more behind it", `${phc()}$x`],
    ["with a line break", `${phc()}\n`],
    ["with a tag of 15 bytes", phc(undefined, undefined, "A".repeat(20))],
    ["with a salt of 7 bytes", phc(undefined, "A".repeat(10))],
    ["with a length that Base64 has not", phc(undefined, "A".repeat(21))],
    ["with hardly any memory", phc("m=8,t=1,p=1")],
    ["of no passes", phc("m=19456,t=0,p=1")],
    ["of no lanes", phc("m=19456,t=2,p=0")],
    ["that wants 4 TiB", phc("m=4294967295,t=1,p=1")],
    ["that wants a little too much", phc("m=262145,t=1,p=1")],
    ["that wants days", phc("m=19456,t=4294967295,p=1")],
    ["of 255 lanes", phc("m=19456,t=2,p=255")],
    ["with a negative cost", phc("m=-1,t=2,p=1")],
    ["with a cost in hexadecimal", phc("m=0x4C00,t=2,p=1")],
    ["with data that we never wrote", phc("m=19456,t=2,p=1,data=AAAA")],
    ["with a key id that we never wrote", phc("m=19456,t=2,p=1,keyid=AAAA")],
    ["with 10,000 characters", phc(undefined, undefined, "A".repeat(10_000))],
  ])("%s is none", (_, text) => {
    expect(readStoredHash(text)).toBeUndefined();
  });

  test("is not out of bounds by any setting that new hashes can have", () => {
    for (const memory of ["19456", "262144"]) {
      for (const passes of ["2", "10"]) {
        expect(settings.hashMemoryKib.parse(memory)).toBe(Number(memory));
        expect(settings.hashPasses.parse(passes)).toBe(Number(passes));
        expect(readStoredHash(phc(`m=${memory},t=${passes},p=1`))).toBeDefined();
      }
    }
    expect(settings.hashMemoryKib.parse(String(HASH_BOUNDS.memoryKib.max + 1))).toBeUndefined();
    expect(settings.hashPasses.parse(String(HASH_BOUNDS.passes.max + 1))).toBeUndefined();
    // OWASP's parameters are the least.
    expect(settings.hashMemoryKib.parse("19455")).toBeUndefined();
    expect(settings.hashPasses.parse("1")).toBeUndefined();
  });
});

describe("a hash is outdated", () => {
  const outdated = (parameters: string, salt = SALT, tag = TAG) => {
    const stored = readStoredHash(phc(parameters, salt, tag));
    if (stored === undefined) throw new Error("no hash");
    return isOutdated(stored, cost, "newestNewes");
  };
  const newest = "keyid=newestNewes";

  test.each([
    ["with as much work and the newest pepper", false, `m=19456,t=2,p=1,${newest}`],
    ["with more memory", false, `m=65536,t=2,p=1,${newest}`],
    [
      "with more memory and fewer passes, which OWASP counts as equal",
      false,
      `m=47104,t=1,p=1,${newest}`,
    ],
    ["with less memory", true, `m=19455,t=2,p=1,${newest}`],
    ["with fewer passes", true, `m=19456,t=1,p=1,${newest}`],
    ["with an older pepper", true, "m=19456,t=2,p=1,keyid=olderOldero"],
    ["without a pepper", true, "m=65536,t=3,p=1"],
  ])("%s: %p", (_, expected, parameters) => {
    expect(outdated(parameters)).toBe(expected);
  });

  test("with a short salt or tag", () => {
    expect(outdated(`m=19456,t=2,p=1,${newest}`, "A".repeat(20))).toBe(true);
    expect(outdated(`m=19456,t=2,p=1,${newest}`, SALT, "A".repeat(22))).toBe(true);
  });
});
