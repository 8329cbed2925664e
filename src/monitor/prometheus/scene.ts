import type { Counters } from "../counters.ts";
import type { DiskBytes } from "../disk_room.ts";
import type { FileBytes } from "../file_sizes.ts";

/** Where the figures of `/metrics` come from. Everything is read when somebody asks, and only then. */
export interface Sources {
  readonly counters: Counters;
  readonly files: () => FileBytes;
  readonly disk: () => DiskBytes;
  /** The 99th percentile of the event loop's delay in its worst second of the last minute, in ms. */
  readonly loopDelayMs: () => number;
  readonly version: string;
  /** Every code that a refusal can have. */
  readonly codes: readonly string[];
  /** The close codes that the server uses. */
  readonly closeCodes: readonly string[];
  readonly isDiskWritable: () => boolean;
  readonly arrivalsWaiting: () => number;
  readonly connectionLimit: number;
  /** Between two backups that the server makes by itself; null where it makes none. */
  readonly backupEveryMs: number | null;
}

/** The server at one moment: what a scrape tells. */
export interface Scene extends Sources {
  readonly cpuSeconds: number;
  readonly mainThreadSeconds: number;
  readonly residentBytes: number;
  readonly startedSeconds: number;
  /** NaN where it is not known or there is no limit. */
  readonly openFilesLimit: number;
}
