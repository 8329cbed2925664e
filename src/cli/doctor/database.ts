import { SQLiteError } from "bun:sqlite";
import { existsSync, statSync } from "node:fs";
import type { Config } from "../../config.ts";
import { isBehindMark } from "../../store/log_mark.ts";
import { migrations, StoreFileError } from "../../store/schema.ts";
import { Untouched } from "../../store/untouched.ts";
import { timesOfMessages } from "../arrivals.ts";
import { type Finding, fail, megabytes, ok, warn } from "./finding.ts";
import { integrityFinding } from "./integrity.ts";
import { pepperFinding } from "./pepper.ts";
import type { Progress } from "./progress.ts";
import { troubleFinding } from "./trouble.ts";

const about = "database";
const MUCH_WAL_BYTES = 256_000_000;
/** Clocks that are set by the network are not off by more. */
const SLACK_MS = 60_000;

interface Options {
  readonly isFull: boolean;
  readonly nowMs: number;
  readonly progress: (what: string) => Progress;
}

/** The database: of this version, whole, its WAL short, and its newest message not from the future. */
export async function databaseFindings(config: Config, options: Options): Promise<Finding[]> {
  const path = config.data;
  // Not `existsSync`, to which a folder that may not be entered is an empty one.
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    return [warn(about, `There is no ${path} yet.`, "The first start makes it.")];
  }
  if (existsSync(`${path}-wal`) && !existsSync(`${path}-shm`)) {
    const text = `Beside ${path} lies a WAL without its index, so that it cannot be read without a change.`;
    return [warn(about, text, "A start of the server takes it in; then ask again.")];
  }
  try {
    using db = new Untouched(path);
    const version = db.version();
    if (version !== migrations.length) {
      const text = `${path} has schema ${version}, and this version has ${migrations.length}.`;
      const advice = "The next start of this version makes a backup and brings it up to date.";
      return [warn(about, text, advice)];
    }
    const found = await findingsOf(db, config, options);
    // A server has come meanwhile: what was read as a file that never changes has changed.
    if (!db.isShared && existsSync(`${db.path}-wal`)) return databaseFindings(config, options);
    return found;
  } catch (error) {
    if (error instanceof StoreFileError)
      return [fail(about, error.message, "Nothing was changed.")];
    if (!(error instanceof SQLiteError)) throw error;
    return [troubleFinding(path, error)];
  }
}

async function findingsOf(db: Untouched, config: Config, options: Options): Promise<Finding[]> {
  const findings = [
    () => markFinding(db),
    () => timeFinding(db, options.nowMs),
    () => pepperFinding(config, db),
  ];
  const found: Finding[] = [
    await integrityFinding(db, options.isFull, options.progress),
    walFinding(db.path),
  ];
  for (const find of findings) {
    try {
      found.push(find());
    } catch (error) {
      // In a damaged database one thing can be read, and another cannot.
      if (!(error instanceof SQLiteError)) throw error;
      if (found[0]?.level === "ok") found.push(troubleFinding(db.path, error));
    }
  }
  return found;
}

function markFinding(db: Untouched): Finding {
  const row = db.get<{ log: string; beats: number }>(
    "SELECT value AS log, beats FROM meta, heartbeat WHERE key = 'log_id'",
  );
  if (row === undefined) {
    return fail("log mark", "The database has no log id.", "Restore a backup.");
  }
  return isBehindMark(db.path, row.log, row.beats)
    ? warn(
        "log mark",
        "The database is older than it was.",
        "The next start gives its log a new id, so that clients notice.",
      )
    : ok("log mark", "The database is as new as it was.");
}

function walFinding(path: string): Finding {
  const bytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const text = `The WAL has ${megabytes(bytes)}.`;
  return bytes > MUCH_WAL_BYTES
    ? warn(
        "WAL",
        text,
        "Something reads without an end, or who is to checkpoint does not: see HUBBUB_CHECKPOINTS.",
      )
    : ok("WAL", text);
}

function timeFinding(db: Untouched, nowMs: number): Finding {
  const times = timesOfMessages(db);
  if (times !== undefined && times.newestMs === undefined) {
    return fail("clock", "The newest message cannot be read.", "Restore a backup.");
  }
  const aheadMs = (times?.newestMs ?? 0) - nowMs;
  return aheadMs > SLACK_MS
    ? fail(
        "clock",
        `The newest message is from ${Math.round(aheadMs / 1000).toLocaleString("en")} s ahead.`,
        "Set the clock: it is wrong now, or was.",
      )
    : ok("clock", "It is not behind the newest message.");
}
