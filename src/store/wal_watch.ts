import { statSync } from "node:fs";

/** The first size that is told; Litestream, left as it is, empties a WAL past half of that. */
const FIRST_BOUND_BYTES = 1024 * 1024 * 1024;

/** Says, where another program copies the WAL into the database, that it has ceased to. */
export class WalWatch {
  readonly #wal: string;
  readonly #tell: (bytes: number) => void;
  #boundBytes: number;
  readonly #firstBoundBytes: number;

  /** @param tell told the size each time it has doubled. */
  constructor(path: string, tell: (bytes: number) => void, firstBoundBytes = FIRST_BOUND_BYTES) {
    this.#wal = `${path}-wal`;
    this.#tell = tell;
    this.#boundBytes = firstBoundBytes;
    this.#firstBoundBytes = firstBoundBytes;
  }

  tick(): void {
    const bytes = statSync(this.#wal, { throwIfNoEntry: false })?.size ?? 0;
    if (bytes < this.#firstBoundBytes) this.#boundBytes = this.#firstBoundBytes;
    if (bytes < this.#boundBytes) return;
    while (bytes >= this.#boundBytes) this.#boundBytes *= 2;
    this.#tell(bytes);
  }
}
