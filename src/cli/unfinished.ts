import { removeDraft } from "../store/backups/draft_files.ts";

/** Ctrl-C, a service manager or `kill`, and the end of the terminal. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Does something that leaves files unfinished until it is done. Where a signal ends the process meanwhile, they
 * are removed first. The work must let the event loop turn, or signals are not seen.
 *
 * @param files the names that they may have, whether they are there or not.
 */
export async function removingUnfinished<T>(
  files: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const leave = (signal: NodeJS.Signals) => {
    for (const file of files) removeDraft(file);
    forget();
    // Nobody listens any more, so it ends the process, and whoever waits for that is told by what.
    process.kill(process.pid, signal);
  };
  const forget = () => {
    for (const signal of SIGNALS) process.off(signal, leave);
  };
  for (const signal of SIGNALS) process.on(signal, leave);
  try {
    return await work();
  } finally {
    forget();
  }
}
