import { type Database, SQLiteError } from "bun:sqlite";
import { StoreError } from "../../src/store/errors.ts";
import type { Random } from "./random.ts";

const tables = ["INSERT ON main.message", "UPDATE ON main.heartbeat", "INSERT ON main.channel"];
const changes = ["INSERT ON main.subscription", "DELETE ON main.subscription"];

/** A disk that can be full: writes then fail, some before their transaction, some in the middle. */
export class FakeDisk {
  readonly #db: Database;
  readonly #random: Random;
  isFull = false;
  /** How often a read fails. */
  badReads = 0;

  constructor(db: Database, random: Random) {
    this.#db = db;
    this.#random = random;
  }

  write<T>(run: () => T): T {
    if (!this.isFull) return run();
    if (this.#random.chance(0.5)) throw new StoreError("SQLITE_FULL", "the disk is full");
    return this.#failMidway(run);
  }

  read<T>(run: () => T): T {
    if (this.#random.chance(this.badReads)) throw new StoreError("SQLITE_IOERR", "a bad sector");
    return run();
  }

  /** A few rows still fit; the next one fails the transaction that it is in. */
  #failMidway<T>(run: () => T): T {
    this.#db.run("CREATE TEMP TABLE room (pages INTEGER)");
    this.#db.run("INSERT INTO room VALUES (?)", [this.#random.below(4)]);
    [...tables, ...changes].forEach((event, index) => {
      this.#db.run(
        `CREATE TEMP TRIGGER full_${index} BEFORE ${event} BEGIN
           UPDATE room SET pages = pages - 1;
           SELECT RAISE(ABORT, 'the disk is full') FROM room WHERE pages < 0;
         END`,
      );
    });
    try {
      return run();
    } catch (error) {
      if (!(error instanceof SQLiteError)) throw error;
      throw new StoreError(error.code ?? "", error.message);
    } finally {
      for (const index of [...tables, ...changes].keys())
        this.#db.run(`DROP TRIGGER full_${index}`);
      this.#db.run("DROP TABLE room");
    }
  }
}
