import type { Database } from "bun:sqlite";
import type { Role } from "./accounts.ts";
import { reading, StoreError } from "./errors.ts";

/** An account that has been changed, as it is now. */
export interface ChangedAccount {
  readonly id: number;
  readonly role: Role;
  readonly epoch: number;
  readonly isDisabled: boolean;
}

interface Options {
  /** Called with each account that was changed since the last look. */
  readonly changed: (account: ChangedAccount) => void;
  /** The disk refused to be read. What was missed is seen by the next look. */
  readonly failed: (error: StoreError) => void;
}

interface Row {
  readonly id: number;
  readonly role: Role;
  readonly epoch: number;
  readonly isDisabled: number;
  readonly revision: number;
}

/**
 * Sees which accounts were changed, by this process or by a command beside it. A look is one read of
 * an index that holds only accounts that were ever changed: microseconds, whatever else is written.
 */
export class AccountWatch {
  readonly #since;
  readonly #options: Options;
  #seen: number;

  /** @param db Open for as long as this is used. */
  constructor(db: Database, options: Options) {
    this.#options = options;
    this.#since = db.prepare<Row, [number]>(
      `SELECT id, role, epoch, disabled_ms IS NOT NULL AS isDisabled, revision
       FROM account WHERE revision > ? AND revision > 0 ORDER BY revision`,
    );
    const newest = db
      .query<{ revision: number | null }, []>(
        "SELECT max(revision) AS revision FROM account WHERE revision > 0",
      )
      .get();
    this.#seen = newest?.revision ?? 0;
  }

  look(): void {
    try {
      for (const row of reading(() => this.#since.all(this.#seen))) {
        const { id, role, epoch, isDisabled, revision } = row;
        this.#options.changed({ id, role, epoch, isDisabled: isDisabled !== 0 });
        this.#seen = revision;
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#options.failed(error);
    }
  }
}
