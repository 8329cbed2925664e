import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, open, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { StoreFileError } from "../store/schema.ts";

const SECRET_BYTES = 32;
/** Shorter than what HS256 asks for (RFC 7518, section 3.2) is most likely a damaged file. */
const LEAST_CHARACTERS = 32;

/**
 * The secret that signs access tokens: kept in `signing.key` beside the data, and made there on
 * first start.
 *
 * @throws StoreFileError where the file is open to others than its owner, damaged, or cannot be
 * read or made.
 */
export async function signingSecret(dataFolder: string): Promise<string> {
  const path = join(dataFolder, "signing.key");
  try {
    return await readSecret(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw sentenceFor(error, path);
  }
  try {
    await makeSecret(path);
    return await readSecret(path);
  } catch (error) {
    throw sentenceFor(error, path);
  }
}

async function readSecret(path: string): Promise<string> {
  const { mode } = await stat(path);
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new StoreFileError(
      `${path} can be read by others than its owner (mode ${(mode & 0o777).toString(8)}). If nobody has read it, run: chmod 600 ${path}; otherwise delete it, and a new one is made at the next start.`,
    );
  }
  const secret = (await readFile(path, "utf8")).trim();
  if (secret.length < LEAST_CHARACTERS) {
    throw new StoreFileError(`${path} is damaged. Delete it; a new one is made at the next start.`);
  }
  return secret;
}

/** Linked into place when complete, so that a crash leaves no half of a secret behind. */
async function makeSecret(path: string): Promise<void> {
  const draft = `${path}.${randomBytes(8).toString("hex")}`;
  const file = await open(draft, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
  try {
    await file.writeFile(`${randomBytes(SECRET_BYTES).toString("base64url")}\n`);
    await file.sync();
    await link(draft, path);
  } catch (error) {
    // Another start was faster; its secret counts.
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    await file.close();
    await unlink(draft);
  }
}

function sentenceFor(error: unknown, path: string): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  return new StoreFileError(`${path} cannot be used for the signing secret (${code}).`);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
