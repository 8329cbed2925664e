import { stat } from "node:fs/promises";

export interface FileBytes {
  /** NaN until it is known. */
  readonly databaseBytes: number;
  /** 0 where there is no such file. */
  readonly walBytes: number;
}

/** Knows how large the database is, without ever waiting for the disk. */
export class FileSizes {
  readonly #file: string;
  #newest: FileBytes = { databaseBytes: Number.NaN, walBytes: Number.NaN };
  #isLooking = false;

  /** @param file the database's own path, behind any symbolic link: its WAL lies beside that. */
  constructor(file: string) {
    this.#file = file;
  }

  /** As of the look before, and begins another one. */
  get newest(): FileBytes {
    void this.#look();
    return this.#newest;
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const [databaseBytes, walBytes] = await Promise.all([
      sizeOf(this.#file, Number.NaN),
      sizeOf(`${this.#file}-wal`, 0),
    ]);
    this.#newest = { databaseBytes, walBytes };
    this.#isLooking = false;
  }
}

async function sizeOf(path: string, otherwise: number): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return otherwise;
  }
}
