import { constants, setPriority } from "node:os";
import { makeIdle } from "../../machine/idle_priority.ts";
import type { Backup } from "./backup.ts";

export interface BackupProcessOptions {
  /** The command that runs Hubbub. */
  readonly command: readonly string[];
  /** Runs what starts the process, so that it may run on any core. */
  readonly freely: <T>(start: () => T) => T;
}

/**
 * Makes a backup of a database by a process of its own, at idle priority: on Linux its reads and writes
 * then have that priority, too (ioprio_set(2)).
 *
 * @param signal ends the process.
 * @throws Error with the sentence that the process ended with.
 */
export async function backupByProcess(
  source: string,
  file: string,
  signal: AbortSignal,
  { command, freely }: BackupProcessOptions,
): Promise<Backup> {
  const child = freely(() =>
    Bun.spawn([...command, "backup", file, "--json", "--data", source], {
      // Its settings are the arguments; the server's environment may hold secrets.
      env: {},
      stdio: ["ignore", "pipe", "pipe"],
      signal,
      killSignal: "SIGKILL",
    }),
  );
  if (!makeIdle(child.pid)) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code === 0) return JSON.parse(out) as Backup;
  throw new Error(err.trim() || `the process that makes it ended (${child.signalCode ?? code})`);
}
