import { Database } from "bun:sqlite";
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { makeBackup } from "./backups/backup.ts";
import { stampOf } from "./backups/names.ts";
import { guarded, migrations, openForWriting, StoreFileError, versionOf } from "./schema.ts";

/** What SQLite keeps of the file at its beginning; with the journal it differs between equal databases. */
const HEADER_BYTES = 100;
const CHUNK_BYTES = 1024 * 1024;

export interface UpdateOptions {
  /** Whether a backup is made first. */
  readonly hasBackup: boolean;
  /** Told what begins, and where the backup is. */
  readonly told: (update: Update) => void;
  /** Whether the server copies the WAL into the database, and no other program. */
  readonly ownCheckpoints: boolean;
}

export interface Update {
  readonly from: number;
  readonly to: number;
  /** Undefined where none was made. */
  readonly backup: string | undefined;
}

/** The migrations that a file has seen; undefined where there is no file, or nothing in it. */
export function schemaOf(path: string): number | undefined {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return undefined;
  return guarded(path, () => {
    // Not for reading only: what a killed process has left in the WAL is to be taken back first.
    const db = new Database(path, { readwrite: true, create: false, strict: true });
    try {
      return versionOf(db, path) || undefined;
    } finally {
      db.close();
    }
  });
}

/**
 * Brings a file of an older version up to date in one transaction, after a backup beside it: killed in the
 * middle, it is the old file, and the old version can be started again. Only for who has the lock.
 *
 * @throws StoreFileError with a sentence for the operator; then the file is as it was.
 */
export async function updateFile(path: string, options: UpdateOptions): Promise<void> {
  const { hasBackup, told, ownCheckpoints } = options;
  const from = schemaOf(path);
  const to = migrations.length;
  if (from === undefined || from === to) return;
  const backup = hasBackup ? await backUp(path, from) : undefined;
  told({ from, to, backup });
  const db = openForWriting(path, "synced");
  // All of it stands in the WAL, which may be larger than the database by now.
  if (ownCheckpoints) db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

/**
 * Refuses a file of an older version: a command beside the server must not change what an older server
 * is using.
 *
 * @throws StoreFileError with a sentence for the operator.
 */
export function refuseOlderFile(path: string): void {
  const from = schemaOf(path);
  if (from === undefined || from === migrations.length) return;
  throw new StoreFileError(
    `${path} is of an older version (schema ${from}; this one has ${migrations.length}). Start the server of this version first: it makes a backup and brings the file up to date.`,
  );
}

/** The backup from before an update. One that an interrupted update has made of the same is used again. */
async function backUp(path: string, version: number): Promise<string> {
  const file = `${path}.schema-${version}`;
  if (!existsSync(file)) return (await make(path, file)).file;
  if (holdsTheSame(file, path)) return file;
  return (await make(path, `${file}-${stampOf(Date.now())}`)).file;
}

async function make(path: string, file: string) {
  try {
    // Nobody else has the file: there is nothing to be considerate of.
    return await makeBackup(path, file, { rest: () => {}, isStill: false });
  } catch (error) {
    if (!(error instanceof StoreFileError)) throw error;
    throw new StoreFileError(
      `The backup before the update could not be made, and nothing was changed. ${error.message} HUBBUB_UPDATE_BACKUP=off does without.`,
    );
  }
}

/** Whether two databases are the same byte for byte, what the first page says of its file aside. */
function holdsTheSame(backup: string, path: string): boolean {
  if (existsSync(`${path}-wal`) || statSync(backup).size !== statSync(path).size) return false;
  const files = [openSync(backup, "r"), openSync(path, "r")] as const;
  try {
    const [before, now] = [Buffer.alloc(CHUNK_BYTES), Buffer.alloc(CHUNK_BYTES)];
    for (let at = HEADER_BYTES; ; at += CHUNK_BYTES) {
      const count = readSync(files[0], before, 0, CHUNK_BYTES, at);
      readSync(files[1], now, 0, CHUNK_BYTES, at);
      if (before.compare(now, 0, count, 0, count) !== 0) return false;
      if (count < CHUNK_BYTES) return true;
    }
  } finally {
    files.forEach(closeSync);
  }
}
