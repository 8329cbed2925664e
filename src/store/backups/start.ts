import { resolve } from "node:path";
import type { Config } from "../../config.ts";
import { ownCommand } from "../../machine/own_command.ts";
import type { Counters } from "../../monitor/counters.ts";
import type { Log } from "../../monitor/log.ts";
import { backupByProcess } from "./process.ts";
import { ScheduledBackups } from "./scheduled.ts";

/** What the backups need of the server. */
interface Surroundings {
  /** Runs what starts a process, so that it may run on any core. */
  readonly freely: <T>(start: () => T) => T;
  readonly counters: Counters;
  readonly log: Log;
}

/** Begins to make backups of the file where there is a plan; returns undefined where there is none. */
export function startBackups(
  dataFile: string,
  { backups: plan }: Config,
  { freely, counters, log }: Surroundings,
): ScheduledBackups | undefined {
  if (plan === null) return undefined;
  const how = { command: ownCommand(), freely };
  const backups = new ScheduledBackups({
    ...plan,
    folder: resolve(plan.folder),
    make: (file, signal) => backupByProcess(dataFile, file, signal, how),
    counters,
    log,
    now: Date.now,
    clockMs: () => performance.now(),
    after(ms, call) {
      const timer = setTimeout(call, ms);
      return () => clearTimeout(timer);
    },
  });
  backups.start();
  return backups;
}
