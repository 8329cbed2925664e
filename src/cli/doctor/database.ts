import { constants, Database, SQLiteError } from "bun:sqlite";
import { existsSync, realpathSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Config } from "../../config.ts";
import { isBehindMark } from "../../store/log_mark.ts";
import { migrations } from "../../store/schema.ts";
import { messageTimeMs } from "../../wire/message_time.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import { pepperFinding } from "./pepper.ts";

const MUCH_WAL_BYTES = 256_000_000;
/** Clocks that are set by the network are not off by more. */
const SLACK_MS = 60_000;

/** The database: whole, of this version, its WAL short, and its newest message not from the future. */
export function databaseFindings(config: Config, isFull: boolean, nowMs: number): Finding[] {
  if (!existsSync(config.data)) {
    return [warn("database", `There is no ${config.data} yet.`, "The first start makes it.")];
  }
  const path = realpathSync(config.data);
  try {
    using db = openUntouched(path);
    const number = (sql: string) => Number(Object.values(db.query(sql).get() as object)[0]);
    const version = number("PRAGMA user_version");
    if (version !== migrations.length) {
      const text = `${path} has schema ${version}; this version has ${migrations.length}.`;
      return [
        fail("database", text, "Start the version that it belongs to; a newer one updates it."),
      ];
    }
    const { log, beats } = db
      .query("SELECT value AS log, beats FROM meta, heartbeat WHERE key = 'log_id'")
      .get() as { log: string; beats: number };
    const mark = isBehindMark(path, log, beats)
      ? warn(
          "log mark",
          "The database is older than it was.",
          "The next start gives its log a new id, so that clients notice.",
        )
      : ok("log mark", "The database is as new as it was.");
    return [
      integrity(db, isFull),
      mark,
      walFinding(path),
      timeFinding(db, nowMs),
      pepperFinding(config, db, path),
    ];
  } catch (error) {
    if (!(error instanceof SQLiteError)) throw error;
    return [
      fail(
        "database",
        `${path}: ${error.message}.`,
        "See docs/OPERATIONS.md on restoring a backup.",
      ),
    ];
  }
}

/** Where there is no WAL nothing is made beside the file. */
function openUntouched(path: string): Database {
  if (existsSync(`${path}-wal`)) return new Database(path, { readonly: true, strict: true });
  const url = `${pathToFileURL(path).href}?immutable=1`;
  return new Database(url, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
}

function integrity(db: Database, isFull: boolean): Finding {
  const pragma = isFull ? "integrity_check" : "quick_check";
  const found = String(db.query(`PRAGMA ${pragma}(1)`).values()[0]?.[0]);
  return found === "ok"
    ? ok("database", `It is whole (${pragma}).`)
    : fail("database", `It is damaged: ${found.replaceAll(/\s+/g, " ")}.`, "Restore a backup.");
}

function walFinding(path: string): Finding {
  const bytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const text = `The WAL has ${(bytes / 1e6).toFixed(1)} MB.`;
  return bytes > MUCH_WAL_BYTES
    ? warn("WAL", text, "Who is to checkpoint does not: see HUBBUB_CHECKPOINTS.")
    : ok("WAL", text);
}

function timeFinding(db: Database, nowMs: number): Finding {
  const newest = db
    .query<{ encoded: Uint8Array }, []>("SELECT encoded FROM message ORDER BY id DESC LIMIT 1")
    .get();
  const aheadMs = newest === null ? 0 : messageTimeMs(newest.encoded) - nowMs;
  return aheadMs > SLACK_MS
    ? fail(
        "clock",
        `The newest message is from ${Math.round(aheadMs / 1000)} s ahead.`,
        "Set the clock: it is wrong now, or was.",
      )
    : ok("clock", "It is not behind the newest message.");
}
