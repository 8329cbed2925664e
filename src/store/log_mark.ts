import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { draftOf } from "./backups/draft_files.ts";

interface Options {
  /** The database. */
  readonly path: string;
  readonly logId: string;
  /** Messages committed so far. */
  readonly messages: () => number;
  /** Counts one up in the database; resolves to the new count. */
  readonly beat: () => Promise<number>;
  readonly failed: (error: unknown) => void;
}

/**
 * A mark beside the database that says how far its log has come, so that the next start notices where
 * somebody has put an older copy in its place by hand: without that, numbers that clients have seen would
 * be given to other messages.
 *
 * Each second in which messages came, a count in the database goes up, and the mark follows: the
 * database is never behind its mark by itself.
 */
export class LogMark {
  readonly #options: Options;
  #marked = 0;
  #running: Promise<void> | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Call it every second or so; without new messages it costs nothing. */
  tick(): Promise<void> {
    const messages = this.#options.messages();
    if (messages === this.#marked) return this.#running ?? Promise.resolve();
    this.#running ??= this.#mark(messages).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** The last mark, after which nothing is committed. */
  async finish(): Promise<void> {
    await this.#running;
    await this.tick();
  }

  async #mark(messages: number): Promise<void> {
    const { path, logId, beat, failed } = this.#options;
    try {
      const beats = await beat();
      const draft = draftOf(markFileOf(path));
      await writeFile(draft, `${logId} ${beats}\n`, { mode: 0o600 });
      await rename(draft, markFileOf(path));
      this.#marked = messages;
    } catch (error) {
      // The older mark stays good.
      failed(error);
    }
  }
}

/** Whether a log is behind the mark that was made of it. */
export function isBehindMark(path: string, logId: string, beats: number): boolean {
  try {
    const [marked, count] = readFileSync(markFileOf(path), "utf8").trim().split(" ");
    return marked === logId && beats < Number(count);
  } catch {
    // There is none: a new file, or one that was moved here.
    return false;
  }
}

function markFileOf(path: string): string {
  return `${path}.mark`;
}
