import { statfs } from "node:fs/promises";

export interface DiskBytes {
  /** What a process without special rights may still use. NaN until it is known. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Knows how full a file system is, without ever waiting for it. */
export class DiskRoom {
  readonly #folder: string;
  #newest: DiskBytes = { freeBytes: Number.NaN, totalBytes: Number.NaN };
  #isLooking = false;

  constructor(folder: string) {
    this.#folder = folder;
    void this.#look();
  }

  /** As of the look before, and begins another one. */
  get newest(): DiskBytes {
    void this.#look();
    return this.#newest;
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const { bavail, blocks, bsize } = await statfs(this.#folder);
      this.#newest = { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    } catch {
      this.#newest = { freeBytes: Number.NaN, totalBytes: Number.NaN };
    }
    this.#isLooking = false;
  }
}
