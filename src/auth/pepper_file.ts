import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lchownSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** A secret that goes into the hash of every password. */
export interface Pepper {
  /**
   * 8 bytes of SHA-256 of the key, in Base64. So a key that was altered has another id, and is
   * missing rather than wrong: no right password is ever taken for a wrong one.
   */
  readonly id: string;
  /** 32 random bytes. */
  readonly key: Uint8Array;
}

/** The peppers of the file by their ids. New hashes get `newest`. */
export interface Peppers {
  readonly newest: Pepper;
  readonly byId: ReadonlyMap<string, Pepper>;
}

/** The pepper cannot be used, with a sentence for the operator. */
export class PepperError extends Error {
  override readonly name = "PepperError";
}

const KEY_BYTES = 32;
const ID_BYTES = 8;
/** 32 bytes in base64url. */
const KEY_PATTERN = /^[A-Za-z0-9_-]{43}$/;
const HEAD =
  "# Hubbub's pepper: without it no password can be checked. Back it up apart from the database.\n" +
  "# A key a line; the last is used for new passwords, those before it for older ones.\n";

/** Where the pepper is kept: where the setting says, else in `pepper.key` beside the data. */
export function pepperFileOf(setting: string, dataFolder: string): string {
  return setting === "" ? join(dataFolder, "pepper.key") : setting;
}

/**
 * Reads the peppers. Never called in the server's own process: see hash_process.ts.
 *
 * @param mayMake whether to make a file with one pepper where there is none.
 * @throws PepperError where the file is missing and may not be made, is open to others than its
 * owner, damaged, or cannot be read.
 */
export function readPeppers(path: string, mayMake: boolean): Peppers {
  return explained(path, () => {
    if (mayMake && !existsSync(path)) makePepper(path);
    const { mode } = statSync(path);
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw new PepperError(
        `${path} can be read by others than its owner (mode ${(mode & 0o777).toString(8)}). Run: chmod 600 ${path}`,
      );
    }
    return peppersIn(readFileSync(path, "utf8"), path);
  });
}

/**
 * Adds a pepper, which is the newest from then on; returns its id. Whoever has read the file before
 * goes on with the older one until it is read again, and every hash stays good.
 *
 * @throws PepperError as `readPeppers` does, and while another rotation is at work.
 */
export function addPepper(path: string): string {
  return explained(path, () => {
    readPeppers(path, false);
    // The draft's name is the lock: of two at once, one would lose the other's key.
    const draft = `${path}.next`;
    const pepper = pepperOf(randomBytes(KEY_BYTES));
    try {
      const text = () => `${readFileSync(path, "utf8").trimEnd()}\n${lineOf(pepper)}`;
      writeDraft(draft, text);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      throw new PepperError(
        `${draft} exists: another rotation is at work, or was interrupted. In the latter case delete it.`,
      );
    }
    const { uid, gid } = statSync(path);
    // What root writes is still the server's to read, whoever that runs as.
    if (process.getuid?.() === 0) lchownSync(draft, uid, gid);
    renameSync(draft, path);
    syncFolder(path);
    return pepper.id;
  });
}

function peppersIn(text: string, path: string): Peppers {
  const lines = text.split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0 || !keys.every((key) => KEY_PATTERN.test(key))) {
    throw new PepperError(`${path} is damaged. Restore it from its backup.`);
  }
  const peppers = keys.map((key) => pepperOf(Buffer.from(key, "base64url")));
  return {
    newest: peppers[peppers.length - 1] as Pepper,
    byId: new Map(peppers.map((pepper) => [pepper.id, pepper])),
  };
}

function pepperOf(key: Uint8Array): Pepper {
  const digest = createHash("sha256").update("hubbub pepper id\0").update(key).digest();
  return { id: digest.subarray(0, ID_BYTES).toString("base64").replaceAll("=", ""), key };
}

function lineOf({ key }: Pepper): string {
  return `${Buffer.from(key).toString("base64url")}\n`;
}

/** Linked into place when complete, so that a crash leaves no half of a key behind. */
function makePepper(path: string): void {
  const draft = `${path}.${randomBytes(8).toString("hex")}`;
  writeDraft(draft, () => HEAD + lineOf(pepperOf(randomBytes(KEY_BYTES))));
  try {
    linkSync(draft, path);
  } catch (error) {
    // Another process was faster; its pepper counts.
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    unlinkSync(draft);
  }
  syncFolder(path);
}

function writeDraft(draft: string, text: () => string): void {
  const file = openSync(draft, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
  try {
    writeFileSync(file, text());
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A power cut must not take the file while hashes that need it are on the disk. */
function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(dirname(path), constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function explained<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    throw new PepperError(
      code === "ENOENT"
        ? `${path} is missing, and there are passwords that need it. Restore it from its backup.`
        : `${path} cannot be used for the pepper (${code}).`,
    );
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
