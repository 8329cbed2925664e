import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signingSecret } from "../../src/auth/signing_secret.ts";
import { StoreFileError } from "../../src/store/schema.ts";

let folder = "";
let path = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hubbub-secret-"));
  path = join(folder, "signing.key");
});

afterEach(() => rmSync(folder, { recursive: true }));

async function refusal(): Promise<string> {
  const error = await signingSecret(folder).catch((error: unknown) => error);
  if (error instanceof StoreFileError) return error.message;
  throw new Error("the file was not refused");
}

describe("the signing secret", () => {
  test("is made on first start, for its owner's eyes only, and is the same ever after", async () => {
    const secret = await signingSecret(folder);
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8").trim()).toBe(secret);
    expect(await signingSecret(folder)).toBe(secret);
    expect(readdirSync(folder)).toEqual(["signing.key"]);
  });

  test("is one, though two servers start at once", async () => {
    const secrets = await Promise.all(Array.from({ length: 8 }, () => signingSecret(folder)));
    expect(new Set(secrets).size).toBe(1);
    expect(readdirSync(folder)).toEqual(["signing.key"]);
  });

  test.each([0o640, 0o604, 0o666, 0o610])("is refused in a file of mode %o", async (mode) => {
    await signingSecret(folder);
    chmodSync(path, mode);
    const sentence = await refusal();
    expect(sentence).toContain(path);
    expect(sentence).toContain(`chmod 600 ${path}`);
  });

  test.each(["", "short\n"])("is refused where the file holds only %j", async (content) => {
    writeFileSync(path, content, { mode: 0o600 });
    expect(await refusal()).toContain("is damaged");
  });

  test("that cannot be made is told in a sentence", async () => {
    folder = join(folder, "missing");
    try {
      expect(await refusal()).toContain("ENOENT");
    } finally {
      folder = join(folder, "..");
    }
  });
});
