import { StoreFileError } from "../schema.ts";
import { Thread } from "../thread.ts";
import type { Backup } from "./backup.ts";
import type { BackupCalls, Outcome } from "./backups.worker.ts";
import type { Restored, RestoreOptions } from "./restore.ts";

/** `makeBackup` of backup.ts, in a thread of its own. */
export function makeBackupInThread(source: string, file: string): Promise<Backup> {
  return inThread((thread) => thread.call("makeBackup", [source, file]));
}

/** `restoreBackup` of restore.ts, in a thread of its own. */
export function restoreBackupInThread(
  backup: string,
  name: string,
  options: RestoreOptions,
): Promise<Restored> {
  return inThread((thread) => thread.call("restoreBackup", [backup, name, options]));
}

/** @throws StoreFileError, and errors of the system, with their `code` and `syscall`. */
async function inThread<T>(work: (thread: Thread<BackupCalls>) => Promise<Outcome<T>>): Promise<T> {
  // Whatever ends the thread rejects the call, too.
  const thread = new Thread<BackupCalls>(new URL("./backups.worker.ts", import.meta.url), () => {});
  try {
    const outcome = await work(thread);
    if ("done" in outcome) return outcome.done;
    if ("refused" in outcome) throw new StoreFileError(outcome.refused);
    const { message, ...rest } = outcome.system;
    throw Object.assign(new Error(message), rest);
  } finally {
    thread.terminate();
  }
}
