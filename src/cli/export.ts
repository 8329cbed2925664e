import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import type { Config } from "../config.ts";
import { type ExportLine, exportedChannel, exportedUser } from "../store/export.ts";
import { nameKey } from "../wire/names.ts";
import { UserCommandError } from "./account_file.ts";
import { idOf } from "./channel.ts";
import { harmlessJson } from "./harmless_text.ts";
import { onFile } from "./steps.ts";

/** Lines are written when there are so many characters of them. */
const CHUNK_CHARACTERS = 64 * 1024;

export interface ExportOptions {
  readonly channel?: string;
  readonly user?: string;
}

/**
 * `hubbub export`: writes a channel, or everything of one user, as JSON lines, to a file or to standard
 * output. The last line tells how many there were before it.
 *
 * @throws UserCommandError, StoreFileError.
 */
export async function runExport(
  config: Config,
  file: string | undefined,
  { channel, user }: ExportOptions,
): Promise<void> {
  if ((channel === undefined) === (user === undefined)) {
    throw new UserCommandError("Say what to export: either --channel NAME or --user NAME.");
  }
  await onFile(config, async (db) => {
    const lines =
      channel !== undefined ? exportedChannel(db, idOf(db, channel)) : exportedUser(db, userId());
    if (file === undefined) await write(lines, writeOut);
    else await writeToFile(lines, file);

    function userId(): number {
      const account = db
        .query<{ id: number }, [string]>("SELECT id FROM account WHERE name_key = ?")
        .get(nameKey(user as string));
      if (account === null) throw new UserCommandError(`There is no account ${user}.`);
      return account.id;
    }
  });
}

/** Leaves nothing behind where it fails. */
async function writeToFile(lines: Iterable<ExportLine>, file: string): Promise<void> {
  const descriptor = refusing(file, () => openSync(file, "wx", 0o600));
  try {
    await write(lines, async (text) => {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) {
        at += refusing(file, () => writeSync(descriptor, bytes, at));
      }
    });
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function refusing<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserCommandError(
      code === "EEXIST"
        ? `There is ${file} already, and it is not overwritten.`
        : `${file} cannot be written (${code}). Nothing was left behind.`,
    );
  }
}

/** Waits for whoever reads standard output, so that nothing piles up here. */
function writeOut(text: string): Promise<void> {
  return new Promise((resolve) => {
    // A failure is an event of the stream, too, which ends the command: see main.ts.
    process.stdout.write(text, (error) => {
      if (!error) resolve();
    });
  });
}

async function write(
  lines: Iterable<ExportLine>,
  put: (text: string) => Promise<void>,
): Promise<void> {
  let text = "";
  let count = 0;
  for (const line of lines) {
    text += `${harmlessJson(line)}\n`;
    count += 1;
    if (text.length < CHUNK_CHARACTERS) continue;
    await put(text);
    text = "";
  }
  await put(`${text}${harmlessJson({ type: "end", lines: count })}\n`);
}
