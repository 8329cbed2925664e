import { SQLiteError } from "bun:sqlite";
import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Config } from "../../config.ts";
import { StoreFileError } from "../../store/schema.ts";
import { Untouched } from "../../store/untouched.ts";
import { cameSince, timesOfMessages } from "../arrivals.ts";
import { type Finding, fail, megabytes, ok, warn } from "./finding.ts";

const MB = 1_000_000;
const DAY_MS = 86_400_000;
/** With less than that SQLite is soon refused. */
const LEAST_FREE_BYTES = 200 * MB;
/** Growth is told by so many days, and by no less than one. */
const LOOKED_BACK_DAYS = 7;
/** What is left of time to buy a disk, and to do something now. */
const FEW_DAYS = 30;
const VERY_FEW_DAYS = 3;
/** A database that is kept to a size is a little larger now and then. */
const BEYOND = 1.1;
/** So far ahead nobody looks. */
const MANY_DAYS = 1000;

/** The room on the disk, for how long it lasts, and whether limits of size fit. */
export function roomFindings(config: Config, nowMs: number): Finding[] {
  const path = resolve(config.data);
  const folder = dirname(path);
  if (!existsSync(folder)) return [];
  const { bavail, bsize } = statfsSync(folder);
  const freeBytes = bavail * bsize;
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const disk = diskFinding(freeBytes, size);
  if (size === 0) return [disk];
  try {
    using db = new Untouched(path);
    db.refuseOtherVersions();
    return [
      disk,
      growthFinding(db, { config, freeBytes, nowMs }),
      ...sizeFindings(db, config, freeBytes),
    ];
  } catch (error) {
    // What is wrong with the database is told by those who look at it.
    if (error instanceof SQLiteError || error instanceof StoreFileError) return [disk];
    throw error;
  }
}

function diskFinding(freeBytes: number, size: number): Finding {
  const text = `${megabytes(freeBytes)} are free, and the database takes ${megabytes(size)}.`;
  if (freeBytes < LEAST_FREE_BYTES) {
    return fail(
      "disk",
      text,
      "Make room, or messages will be refused. HUBBUB_KEEP_MEGABYTES bounds the database.",
    );
  }
  return freeBytes < size
    ? warn("disk", text, "A backup or an update needs as much room as the database has.")
    : ok("disk", text);
}

interface Growth {
  readonly config: Config;
  readonly freeBytes: number;
  readonly nowMs: number;
}

/** How the database grew lately by the times of its messages, and when the disk is full if it goes on so. */
function growthFinding(db: Untouched, { config, freeBytes, nowMs }: Growth): Finding {
  const about = "growth";
  const oldestMs = timesOfMessages(db)?.oldestMs ?? nowMs;
  const days = Math.min(LOOKED_BACK_DAYS, (nowMs - oldestMs) / DAY_MS);
  if (days < 1) return ok(about, "There is not yet a day of messages to tell by.");
  const messages = db.number("SELECT coalesce(max(id) - min(id) + 1, 1) FROM message");
  const usedBytes = db.bytesUsed();
  const bytesPerDay = (cameSince(db, nowMs - days * DAY_MS) / days) * (usedBytes / messages);
  const text = `It grew by ${megabytes(bytesPerDay)} a day in the last ${counted(days)}`;
  // Where messages go by a limit, the database grows to that and no further.
  const bounds = [
    ...(config.keepMegabytes > 0 ? [config.keepMegabytes * MB] : []),
    ...(config.keepDays > 0 ? [bytesPerDay * config.keepDays] : []),
  ];
  const reusedBytes = db.number("PRAGMA freelist_count") * db.number("PRAGMA page_size");
  const roomBytes = freeBytes + reusedBytes;
  const most = Math.min(Number.POSITIVE_INFINITY, ...bounds);
  if (most - usedBytes < roomBytes) {
    return ok(
      about,
      `${text}; by its limits it will not have more than ${megabytes(Math.max(most, usedBytes))}.`,
    );
  }
  const left = roomBytes / bytesPerDay;
  if (!(left < FEW_DAYS)) {
    const span = left < MANY_DAYS ? counted(left) : "years";
    return ok(about, `${text}; so the disk lasts for ${span}.`);
  }
  const advice =
    "Get a larger disk, or let old messages go: HUBBUB_KEEP_DAYS, HUBBUB_KEEP_MEGABYTES.";
  const told = `${text}; so the disk is full in ${counted(left)}.`;
  return left < VERY_FEW_DAYS ? fail(about, told, advice) : warn(about, told, advice);
}

function counted(days: number): string {
  const shown = days < 10 ? Math.round(days * 10) / 10 : Math.round(days);
  return `${shown.toLocaleString("en")} ${shown === 1 ? "day" : "days"}`;
}

/** Whether HUBBUB_KEEP_MEGABYTES can be kept to. */
function sizeFindings(db: Untouched, { keepMegabytes }: Config, freeBytes: number): Finding[] {
  if (keepMegabytes === 0) return [];
  const about = "retention";
  const limitBytes = keepMegabytes * MB;
  const setting = `HUBBUB_KEEP_MEGABYTES=${keepMegabytes}`;
  const otherBytes = bytesWithoutMessages(db);
  if (otherBytes !== undefined && otherBytes > limitBytes / 2) {
    const text = `The database takes ${megabytes(otherBytes)} without any message, which is more than half of ${setting}: as half is left to messages, it will take more than that.`;
    return [warn(about, text, "Raise it.")];
  }
  const usedBytes = db.bytesUsed();
  if (usedBytes > limitBytes * BEYOND) {
    const text = `The database takes ${megabytes(usedBytes)}, and ${setting}: the oldest messages go until it is so small.`;
    return [warn(about, text, "Raise it before the server starts, if they are to stay.")];
  }
  const mostBytes = usedBytes + freeBytes;
  if (limitBytes > mostBytes) {
    const text = `${setting}, and the disk has room for ${megabytes(mostBytes)}: it is full before the oldest go.`;
    return [warn(about, text, "Lower it, so that some room is left for the WAL and a backup.")];
  }
  return [];
}

/** What accounts, sign-ins, memberships and the like take; undefined where SQLite was built without telling. */
function bytesWithoutMessages(db: Untouched): number | undefined {
  const names = db.all<{ name: string }>(
    "SELECT name FROM sqlite_schema WHERE rootpage > 0 AND tbl_name != 'message'",
  );
  try {
    return ["sqlite_schema", ...names.map(({ name }) => name)].reduce(
      (sum, name) =>
        sum + db.number("SELECT total(pgsize) FROM dbstat WHERE aggregate = 1 AND name = ?", name),
      0,
    );
  } catch (error) {
    if (error instanceof SQLiteError && /no such table/.test(error.message)) return undefined;
    throw error;
  }
}
