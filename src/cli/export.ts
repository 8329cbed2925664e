import { closeSync, existsSync, openSync, writeSync } from "node:fs";
import type { Config } from "../config.ts";
import { beginDraft, draftOf, finishDraft, removeDraft } from "../store/backups/draft_files.ts";
import { type ExportLine, exportedChannel, exportedUser } from "../store/export.ts";
import { nameKey } from "../wire/names.ts";
import { UserCommandError } from "./account_file.ts";
import { idOf } from "./channel.ts";
import { harmlessJson } from "./harmless_text.ts";
import { onFile } from "./steps.ts";
import { removingUnfinished } from "./unfinished.ts";

/** Lines are written when there are so many characters of them. */
const CHUNK_CHARACTERS = 64 * 1024;

/** For the pages of the indexes that lead to the messages. */
const CACHE_KIB = 4096;

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
    // Everything is read once: what SQLite keeps of it is of no use.
    db.run(`PRAGMA cache_size = -${CACHE_KIB}`);
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

/** The file has its name when it is complete; nothing is left behind where it fails or is ended. */
async function writeToFile(lines: Iterable<ExportLine>, file: string): Promise<void> {
  if (existsSync(file)) throw taken(file);
  const draft = draftOf(file);
  await removingUnfinished([draft], async () => {
    try {
      refusing(file, () => beginDraft(file));
      await writeDraft(lines, draft, file);
      if (!refusing(file, () => finishDraft(draft, file))) throw taken(file);
    } finally {
      removeDraft(draft);
    }
  });
}

async function writeDraft(lines: Iterable<ExportLine>, draft: string, file: string): Promise<void> {
  const descriptor = openSync(draft, "r+");
  try {
    await write(lines, async (text) => {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) {
        at += refusing(file, () => writeSync(descriptor, bytes, at));
      }
      // Signals are seen when the event loop turns.
      await new Promise(setImmediate);
    });
  } finally {
    closeSync(descriptor);
  }
}

function refusing<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserCommandError(`${file} cannot be written (${code}). Nothing was left behind.`);
  }
}

function taken(file: string): UserCommandError {
  return new UserCommandError(`There is ${file} already, and it is not overwritten.`);
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
