import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Counters } from "../../monitor/counters.ts";
import type { Log } from "../../monitor/log.ts";
import type { Backup } from "./backup.ts";
import { removeDrafts } from "./draft_files.ts";
import { backupName, backupsByAge, backupTimeMs } from "./names.ts";

/** After a failure, unless the next one is due before. */
const RETRY_MS = 10 * 60_000;

interface Options {
  /** Absolute. Made if there is none. */
  readonly folder: string;
  readonly everyMs: number;
  readonly keep: number;
  /** Makes a backup under that name; rejects with a sentence. `signal` ends it. */
  readonly make: (file: string, signal: AbortSignal) => Promise<Pick<Backup, "bytes" | "messages">>;
  readonly counters: Counters;
  readonly log: Log;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly clockMs: () => number;
  /** Calls back once after a time; returns what cancels that. */
  readonly after: (ms: number, call: () => void) => () => void;
}

/**
 * Makes a backup each time one is due, and deletes the oldest where there are more than are kept.
 *
 * 1. When the next is due is read from the newest file's name, so a restart neither skips nor adds one.
 * 2. One that fails is logged, counted, and tried again; nothing is deleted then.
 * 3. One that has not come to its end when the next is due is ended, and failed: while it lasts the WAL grows.
 * 4. Only files with a backup's name are ever deleted, and those that a wrong clock has named after a time to
 *    come before all others.
 */
export class ScheduledBackups {
  readonly #options: Options;
  readonly #stop = new AbortController();
  #cancel = () => {};
  #running: Promise<void> = Promise.resolve();

  constructor(options: Options) {
    this.#options = options;
  }

  start(): void {
    const { everyMs, now } = this.#options;
    const newestMs = this.#newest();
    this.#wait(newestMs === undefined ? 0 : newestMs + everyMs - now());
  }

  /** Ends the one that is under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#cancel();
    await this.#running;
  }

  #wait(ms: number): void {
    this.#cancel = this.#options.after(Math.max(0, ms), () => {
      this.#running = this.#run();
    });
  }

  async #run(): Promise<void> {
    const { everyMs, clockMs } = this.#options;
    const beganMs = clockMs();
    const isMade = await this.#make();
    if (this.#stop.signal.aborted) return;
    const intervalMs = isMade ? everyMs : Math.min(RETRY_MS, everyMs);
    this.#wait(intervalMs - (clockMs() - beganMs));
  }

  async #make(): Promise<boolean> {
    const { folder, everyMs, keep, make, counters, log, now, clockMs, after } = this.#options;
    const beganMs = clockMs();
    const file = join(folder, backupName(now()));
    const late = new AbortController();
    const cancel = after(everyMs, () => late.abort());
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const signal = AbortSignal.any([this.#stop.signal, late.signal]);
      const { bytes, messages } = await make(file, signal);
      const ms = Math.round(clockMs() - beganMs);
      counters.backups += 1;
      counters.newestBackupTookMs = ms;
      log.info({ file, bytes, messages, ms }, "made a backup");
      const { future, past } = backupsByAge(folder, now());
      for (const name of [...future, ...past].slice(0, -keep)) rmSync(join(folder, name));
      this.#newest();
      return true;
    } catch (err) {
      if (this.#stop.signal.aborted) return false;
      counters.backupsFailed += 1;
      const reason = late.signal.aborted ? "it took longer than there is between two" : err;
      log.error({ err: reason, file }, "a backup failed; it is tried again");
      return false;
    } finally {
      cancel();
      removeLeftovers(folder);
    }
  }

  /** When the newest backup was made, in ms since the Unix epoch. */
  #newest(): number | undefined {
    const { folder, counters, now } = this.#options;
    try {
      const name = backupsByAge(folder, now()).past.at(-1);
      const timeMs = name === undefined ? undefined : backupTimeMs(name);
      if (name === undefined || timeMs === undefined) return undefined;
      counters.newestBackupMs = timeMs;
      counters.newestBackupBytes = statSync(join(folder, name)).size;
      return timeMs;
    } catch {
      // There is no folder yet, or it cannot be read: making the backup will say why.
      return undefined;
    }
  }
}

/** What a process has left that was ended in the middle. */
function removeLeftovers(folder: string): void {
  try {
    removeDrafts(folder, (name) => backupTimeMs(name) !== undefined);
  } catch {
    // The folder is gone; the failure that this led to has been told.
  }
}
