import { constants, Database, SQLiteError, type SQLQueryBindings } from "bun:sqlite";
import { existsSync, realpathSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import {
  APPLICATION_ID,
  BUSY_TIMEOUT_MS,
  migrations,
  StoreFileError,
  versionOf,
} from "./schema.ts";

/** Tries, a millisecond apart, of what a writer was in the way of for a moment. */
const TRIES = 1000;

/**
 * A database that is only looked at. Nothing beside it is made, removed or written either:
 *
 * - Where there is a WAL, a server may be at work, or was killed. The index of the WAL (`-shm`) is read and
 *   not written; where nobody has it in use, SQLite makes one of its own in memory.
 * - Where there is none nobody has it open, and it is read as a file that never changes.
 *
 * Each statement is a read transaction of its own.
 */
export class Untouched implements Disposable {
  /** The file itself, where a link leads to it. */
  readonly path: string;
  /** Whether somebody may be writing to it. */
  readonly isShared: boolean;
  readonly #db: Database;

  /** @throws SQLiteError, StoreFileError where it is no file, or an error of the file system. */
  constructor(path: string) {
    this.path = realpathSync(path);
    if (!statSync(this.path).isFile())
      throw new StoreFileError(`${path} is no file. Name one with --data.`);
    this.isShared = existsSync(`${this.path}-wal`);
    const how = this.isShared ? "readonly_shm=1" : "immutable=1";
    const url = `${pathToFileURL(this.path).href}?${how}`;
    this.#db = new Database(url, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
    this.#db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    // Or a page whose cells overlap would be read as if nothing were wrong.
    this.#db.run("PRAGMA cell_size_check = ON");
  }

  all<Row>(sql: string, ...values: SQLQueryBindings[]): Row[] {
    return this.reading((db) => db.query<Row, SQLQueryBindings[]>(sql).all(...values));
  }

  get<Row>(sql: string, ...values: SQLQueryBindings[]): Row | undefined {
    return this.all<Row>(sql, ...values)[0];
  }

  /** The first column of the first row, as a number. */
  number(sql: string, ...values: SQLQueryBindings[]): number {
    return Number(Object.values(this.get<object>(sql, ...values) ?? { none: 0 })[0]);
  }

  /** Reads, once more where a writer was in the way. */
  reading<T>(work: (db: Database) => T): T {
    for (let tries = 1; ; tries++) {
      try {
        return work(this.#db);
      } catch (error) {
        // The head of the index is written without a lock: whoever may not write sees half of it at times.
        const isPassing = error instanceof SQLiteError && /READONLY|BUSY/.test(error.code ?? "");
        if (!isPassing || tries === TRIES) throw error;
        Bun.sleepSync(1);
      }
    }
  }

  /** The schema's version, 0 for an empty file. @throws StoreFileError for a foreign file, or a newer one. */
  version(): number {
    return this.reading((db) => versionOf(db, this.path));
  }

  /** @throws StoreFileError where it is not of this version. */
  refuseOtherVersions(): void {
    const version = this.version();
    if (version === migrations.length && this.number("PRAGMA application_id") === APPLICATION_ID) {
      return;
    }
    throw new StoreFileError(
      `${this.path} is of an older version (schema ${version}; this one has ${migrations.length}). Start the server of this version first: it makes a backup and brings the file up to date.`,
    );
  }

  /** Bytes of the pages in use. */
  bytesUsed(): number {
    return this.number(
      `SELECT (page_count - freelist_count) * page_size
       FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
    );
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
