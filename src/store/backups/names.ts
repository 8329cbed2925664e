import { readdirSync } from "node:fs";

/** `hubbub-20260102T030405Z.db`: in the order of names is in the order of time. */
const NAME = /^hubbub-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.db$/;

/** What a backup of that moment is called. */
export function backupName(timeMs: number): string {
  return `hubbub-${stampOf(timeMs)}.db`;
}

/** A moment in UTC as names have it: `20260102T030405Z`. */
export function stampOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replaceAll(/[-:]|\.\d+/g, "");
}

/** When a backup of that name was begun, in ms since the Unix epoch; undefined for other names. */
export function backupTimeMs(name: string): number | undefined {
  const [, year, month, day, hour, minute, second] = NAME.exec(name) ?? [];
  if (year === undefined) return undefined;
  const timeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/** The names of the backups in a folder, the oldest first. Other files do not count. */
export function backupsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && backupTimeMs(entry.name) !== undefined)
    .map(({ name }) => name)
    .sort();
}

/**
 * The same, apart from those that bear a time to come: a clock that was wrong has named them, and taken for the
 * newest they would keep what is made since from being kept.
 */
export function backupsByAge(folder: string, nowMs: number): { future: string[]; past: string[] } {
  const names = backupsIn(folder);
  const isOfFuture = (name: string) => (backupTimeMs(name) ?? 0) > nowMs;
  return {
    future: names.filter(isOfFuture),
    past: names.filter((name) => !isOfFuture(name)),
  };
}
