/**
 * The thread that makes and restores backups for commands. Both hold up their thread for as long as they take, and
 * meanwhile the main thread sees signals.
 */
import { StoreFileError } from "../schema.ts";
import { answerCalls } from "../thread.ts";
import { makeBackup } from "./backup.ts";
import { type RestoreOptions, restoreBackup } from "./restore.ts";

/** What came of it, or the sentence for the operator, or what the system refused. */
export type Outcome<T> =
  | { readonly done: T }
  | { readonly refused: string }
  | {
      readonly system: {
        readonly message: string;
        readonly code: string;
        readonly syscall: string;
      };
    };

async function outcomeOf<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { done: await work() };
  } catch (error) {
    // An error's class does not get from one thread to another.
    if (error instanceof StoreFileError) return { refused: error.message };
    const { message, code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    return { system: { message, code, syscall } };
  }
}

const calls = {
  makeBackup: (source: string, file: string) => outcomeOf(() => makeBackup(source, file)),
  restoreBackup: (backup: string, name: string, options: RestoreOptions) =>
    outcomeOf(() => restoreBackup(backup, name, options)),
};

export type BackupCalls = typeof calls;

answerCalls(calls);
