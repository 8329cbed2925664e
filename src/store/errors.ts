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
