import { Database } from "bun:sqlite";
import { existsSync, statSync } from "node:fs";
import type { Config } from "../config.ts";
import { backupsIn } from "../store/backups/names.ts";
import { guarded } from "../store/schema.ts";
import { messageTimeMs } from "../wire/message_time.ts";
import { UserCommandError } from "./account_file.ts";

const HOUR_MS = 3_600_000;
const MOST_CHANNELS = 10;

/**
 * `hubbub stats`: what the database holds. Reads indexes only, each in a statement of its own, so that a
 * server that runs on the file is held up by nothing, its checkpoints neither.
 *
 * @throws UserCommandError, StoreFileError.
 */
export function showStats(config: Config, options: { readonly json: boolean }): void {
  const stats = statsOf(config, Date.now());
  const text = options.json ? JSON.stringify(stats) : textOf(stats);
  process.stdout.write(`${text}\n`);
}

type Stats = ReturnType<typeof statsOf>;

function statsOf(config: Config, nowMs: number) {
  const { data: path } = config;
  if (!existsSync(path)) {
    throw new UserCommandError(`There is no ${path} yet. Name the file with --data.`);
  }
  return guarded(path, () => {
    using db = new Database(path, { readonly: true, strict: true });
    db.run("PRAGMA busy_timeout = 5000");
    const number = (sql: string, ...values: number[]) =>
      Number(Object.values(db.query(sql).get(...values) as object)[0]);
    const channels = db
      .query<{ name: string; messages: number }, []>(
        `SELECT name, max(coalesce((SELECT max(seq) FROM message WHERE channel_id = channel.id), 0)
             - coalesce((SELECT gone FROM retention WHERE channel_id = channel.id), 0), 0) AS messages
         FROM channel ORDER BY messages DESC, id`,
      )
      .all();
    const messages = channels.reduce((sum, channel) => sum + channel.messages, 0);
    const databaseBytes = statSync(path).size;
    const freeBytes = number("PRAGMA freelist_count") * number("PRAGMA page_size");
    return {
      accounts: number("SELECT count(*) FROM account"),
      disabledAccounts: number("SELECT count(*) FROM account WHERE disabled_ms IS NOT NULL"),
      activeSessions: number("SELECT count(*) FROM session WHERE expires_ms > ?", nowMs),
      channels: channels.length,
      largestChannels: channels.slice(0, MOST_CHANNELS),
      messages,
      messagesOfLastHour: cameSince(db, nowMs - HOUR_MS),
      messagesOfLastDay: cameSince(db, nowMs - 24 * HOUR_MS),
      databaseBytes,
      freeBytes,
      walBytes: statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
      bytesPerMessage: messages === 0 ? 0 : Math.round((databaseBytes - freeBytes) / messages),
      backups: backupsOf(config),
    };
  });
}

/** How many messages came since then, by bisection: rows are in the order of their coming. */
function cameSince(db: Database, sinceMs: number): number {
  const at = db.prepare<{ id: number; encoded: Uint8Array }, [number]>(
    "SELECT id, encoded FROM message WHERE id >= ? ORDER BY id LIMIT 1",
  );
  const newest = db.query<{ id: number | null }, []>("SELECT max(id) AS id FROM message").get();
  let [low, high] = [0, (newest?.id ?? 0) + 1];
  while (low + 1 < high) {
    const middle = Math.floor((low + high) / 2);
    const row = at.get(middle);
    if (row === null || messageTimeMs(row.encoded) >= sinceMs) high = middle;
    else low = row.id < high ? row.id : middle;
  }
  return Math.max(0, (newest?.id ?? 0) - low);
}

function backupsOf({ backups }: Config) {
  if (backups === null || !existsSync(backups.folder)) return undefined;
  const files = backupsIn(backups.folder);
  const sizes = files.map((name) => statSync(`${backups.folder}/${name}`));
  return {
    folder: backups.folder,
    count: files.length,
    bytes: sizes.reduce((sum, { size }) => sum + size, 0),
    newestMs: sizes.reduce((newest, { mtimeMs }) => Math.max(newest, Math.floor(mtimeMs)), 0),
  };
}

function textOf(stats: Stats): string {
  const shown = (count: number) => count.toLocaleString("en");
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const { backups } = stats;
  const rows: [string, string][] = [
    ["accounts", `${shown(stats.accounts)}, ${shown(stats.disabledAccounts)} of them disabled`],
    ["sign-ins", `${shown(stats.activeSessions)} active`],
    ["messages", shown(stats.messages)],
    ["  last hour", shown(stats.messagesOfLastHour)],
    ["  last day", shown(stats.messagesOfLastDay)],
    ["database", `${mb(stats.databaseBytes)}, ${mb(stats.freeBytes)} of it free`],
    ["WAL", mb(stats.walBytes)],
    ["a message", `${shown(stats.bytesPerMessage)} bytes, all things counted`],
    ["backups", backups ? `${backups.count} in ${backups.folder}, ${mb(backups.bytes)}` : "none"],
    ["channels", shown(stats.channels)],
    ...stats.largestChannels.map(({ name, messages }): [string, string] => [
      `  ${name}`,
      shown(messages),
    ]),
  ];
  return rows.map(([what, value]) => `${what.padEnd(20)} ${value}`).join("\n");
}
