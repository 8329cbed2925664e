import { SQLiteError } from "bun:sqlite";

/** The disk refused a write or a read. Nothing of the operation was kept. */
export class StoreError extends Error {
  override readonly name = "StoreError";

  /** @param code SQLite's name of the error, such as `SQLITE_FULL`. */
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Reads on the calling thread; what SQLite refuses is thrown as a StoreError. */
export function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SQLiteError)) throw error;
    throw new StoreError(error.code ?? "SQLITE_ERROR", error.message);
  }
}
