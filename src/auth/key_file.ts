import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, open, readFile, stat, unlink } from "node:fs/promises";
import { StoreFileError } from "../store/schema.ts";

const KEY_BYTES = 32;
/** Of base64url, for 32 bytes. Fewer are most likely a damaged file. */
const LEAST_CHARACTERS = 43;

/** What a sentence about a key file must say. */
export interface KeyPurpose {
  /** What it is for: "the signing secret". */
  readonly name: string;
  /** What to do with a file that others may have read, after "otherwise". */
  readonly ifSeen: string;
  /** What to do with one that is damaged. */
  readonly ifDamaged: string;
  /** Fewer characters than these are damaged. */
  readonly leastCharacters?: number;
}

/**
 * The text of a key file: 32 random bytes in base64url, made where there is none, for its owner's
 * eyes only.
 *
 * @throws StoreFileError where the file is open to others than its owner, damaged, or cannot be
 * read or made.
 */
export async function keyFile(path: string, purpose: KeyPurpose): Promise<string> {
  try {
    return await readKey(path, purpose);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw sentenceFor(error, path, purpose);
  }
  try {
    await makeKey(path);
    return await readKey(path, purpose);
  } catch (error) {
    throw sentenceFor(error, path, purpose);
  }
}

async function readKey(path: string, purpose: KeyPurpose): Promise<string> {
  const { mode } = await stat(path);
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new StoreFileError(
      `${path} can be read by others than its owner (mode ${(mode & 0o777).toString(8)}). If nobody has read it, run: chmod 600 ${path}; otherwise ${purpose.ifSeen}`,
    );
  }
  const key = (await readFile(path, "utf8")).trim();
  if (key.length < (purpose.leastCharacters ?? LEAST_CHARACTERS)) {
    throw new StoreFileError(`${path} is damaged. ${purpose.ifDamaged}`);
  }
  return key;
}

/** Linked into place when complete, so that a crash leaves no half of a key behind. */
async function makeKey(path: string): Promise<void> {
  const draft = `${path}.${randomBytes(8).toString("hex")}`;
  const file = await open(draft, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
  try {
    await file.writeFile(`${randomBytes(KEY_BYTES).toString("base64url")}\n`);
    await file.sync();
    await link(draft, path);
  } catch (error) {
    // Another start was faster; its key counts.
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    await file.close();
    await unlink(draft);
  }
}

function sentenceFor(error: unknown, path: string, { name }: KeyPurpose): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  return new StoreFileError(`${path} cannot be used for ${name} (${code}).`);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
