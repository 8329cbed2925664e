import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Config } from "../../config.ts";
import { backupsIn, backupTimeMs } from "../../store/backups/names.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const about = "backups";
const HOUR_MS = 3_600_000;

/** Whether the server makes backups, and whether they are as young as they should be. */
export function backupFindings({ backups, data }: Config, nowMs: number): Finding[] {
  if (backups === null) {
    return [
      warn(about, "The server makes no backups.", "Set HUBBUB_BACKUPS, or make them otherwise."),
    ];
  }
  const { folder, everyMs } = backups;
  const isThere = statSync(folder, { throwIfNoEntry: false }) !== undefined;
  const names = isThere ? readdirSync(folder) : [];
  const keys = names.filter((name) => /\.key(\.until-|$)/.test(name));
  const newestMs = names.length === 0 ? undefined : newestOf(folder);
  if (newestMs === undefined) {
    return [
      warn(about, `There is no backup in ${folder}.`, "The server makes the first; see its log."),
    ];
  }
  const count = backupsIn(folder).length;
  const hours = Math.max(0, Math.round((nowMs - newestMs) / HOUR_MS));
  const found: Finding[] = [];
  if (keys.length > 0 && resolve(folder) !== dirname(resolve(data))) {
    found.push(
      warn(
        about,
        `${keys.join(", ")} lies beside them: whoever finds both can guess passwords.`,
        "Keep copies of the keys on another machine or medium.",
      ),
    );
  }
  const text = `The newest of ${count} in ${folder} is ${hours} ${hours === 1 ? "hour" : "hours"} old.`;
  if (nowMs - newestMs > 2 * everyMs) {
    return [...found, fail(about, text, "It should be younger: see the server's log.")];
  }
  const hint = isOnSameDisk(folder, data)
    ? " They are on the database's own disk: copy them elsewhere, too."
    : "";
  return [...found, ok(about, `${text}${hint}`)];
}

/** The name tells when it was begun; the file's own time changes when it is copied. */
function newestOf(folder: string): number | undefined {
  const newest = backupsIn(folder).at(-1);
  return newest === undefined ? undefined : backupTimeMs(newest);
}

function isOnSameDisk(folder: string, data: string): boolean {
  const place = dirname(resolve(data));
  return existsSync(place) && statSync(join(folder)).dev === statSync(place).dev;
}
