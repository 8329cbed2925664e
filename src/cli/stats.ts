import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { backupsIn, backupTimeMs } from "../store/backups/names.ts";
import { guarded } from "../store/schema.ts";
import { Untouched } from "../store/untouched.ts";
import { refuseMissing } from "./account_file.ts";
import { cameSince, timesOfMessages } from "./arrivals.ts";
import { harmlessJson } from "./harmless_text.ts";
import { say } from "./say.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MOST_CHANNELS = 10;
/** The names of the largest channels are cut to so many characters. */
const NAME_CHARACTERS = 40;

/**
 * `hubbub stats`: what the database holds. It changes nothing, and reads indexes only, each in a statement of
 * its own, so that a server that runs on the file is held up by nothing, its checkpoints neither.
 *
 * @throws UserCommandError, StoreFileError.
 */
export function showStats(config: Config, options: { readonly json: boolean }): void {
  const stats = statsOf(config, Date.now());
  if (options.json) process.stdout.write(`${harmlessJson(stats)}\n`);
  else for (const line of linesOf(stats)) say(line);
}

type Stats = ReturnType<typeof statsOf>;

interface ChannelRow {
  readonly name: string;
  /** Those that can be read, and those that were deleted and keep their numbers. */
  readonly messages: number;
  /** How many have gone because they were old. */
  readonly gone: number;
  readonly archived: 0 | 1;
  readonly halfDeleted: 0 | 1;
}

function statsOf(config: Config, nowMs: number) {
  const { data } = config;
  refuseMissing(config);
  return guarded(data, () => {
    using db = new Untouched(data);
    db.refuseOtherVersions();
    const channels = db.all<ChannelRow>(
      `SELECT name, archived_ms IS NOT NULL AS archived, deleted_ms IS NOT NULL AS halfDeleted,
         coalesce((SELECT max(seq) FROM message WHERE channel_id = channel.id) + 1
           - (SELECT min(seq) FROM message WHERE channel_id = channel.id), 0) AS messages,
         coalesce((SELECT gone FROM retention WHERE channel_id = channel.id), 0) AS gone
       FROM channel WHERE name != '' ORDER BY messages DESC, id`,
    );
    const sum = (of: (channel: ChannelRow) => number) =>
      channels.reduce((total, channel) => total + of(channel), 0);
    const messages = sum((channel) => channel.messages);
    const times = timesOfMessages(db);
    const databaseBytes = statSync(db.path).size;
    const usedBytes = db.bytesUsed();
    const freeBytes = db.number("PRAGMA freelist_count") * db.number("PRAGMA page_size");
    return {
      accounts: db.number("SELECT count(*) FROM account WHERE erased_ms IS NULL"),
      disabledAccounts: db.number(
        "SELECT count(*) FROM account WHERE disabled_ms IS NOT NULL AND erased_ms IS NULL",
      ),
      activeSessions: db.number("SELECT count(*) FROM session WHERE expires_ms > ?", nowMs),
      channels: channels.length,
      archivedChannels: sum(({ archived, halfDeleted }) => archived & ~halfDeleted),
      halfDeletedChannels: sum(({ halfDeleted }) => halfDeleted),
      largestChannels: channels
        .slice(0, MOST_CHANNELS)
        .map(({ name, messages: count, gone }) => ({ name, messages: count, gone })),
      messages,
      goneMessages: sum(({ gone }) => gone),
      messagesOfLastHour: cameSince(db, nowMs - HOUR_MS),
      messagesOfLastDay: cameSince(db, nowMs - DAY_MS),
      oldestMessageMs: times?.oldestMs ?? null,
      newestMessageMs: times?.newestMs ?? null,
      databaseBytes,
      freeBytes,
      walBytes: statSync(`${db.path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
      bytesPerMessage: messages === 0 ? 0 : Math.round(usedBytes / messages),
      backups: backupsOf(config),
    };
  });
}

/** Null where the server makes none. */
function backupsOf({ backups }: Config) {
  if (backups === null) return null;
  const { folder } = backups;
  const names = existsSync(folder) ? backupsIn(folder) : [];
  const newest = names.at(-1);
  return {
    folder,
    count: names.length,
    bytes: names.reduce((sum, name) => sum + sizeOf(join(folder, name)), 0),
    newestMs: newest === undefined ? null : (backupTimeMs(newest) ?? null),
  };
}

/** One that is rotated out meanwhile has none. */
function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function linesOf(stats: Stats): string[] {
  const rows: readonly (readonly [string, string])[] = [
    ["accounts", `${shown(stats.accounts)}${among(stats.disabledAccounts, "disabled")}`],
    ["sign-ins", `${shown(stats.activeSessions)} active`],
    ["messages", `${shown(stats.messages)}${among(stats.goneMessages, "gone", "and")}`],
    ["  last hour", shown(stats.messagesOfLastHour)],
    ["  last day", shown(stats.messagesOfLastDay)],
    ["  oldest", moment(stats.oldestMessageMs)],
    ["  newest", moment(stats.newestMessageMs)],
    ["database", `${mb(stats.databaseBytes)}, ${mb(stats.freeBytes)} of it free`],
    ["  a message", `${shown(stats.bytesPerMessage)} bytes, all things counted`],
    ["WAL", mb(stats.walBytes)],
    ...backupRows(stats.backups),
    [
      "channels",
      `${shown(stats.channels)}${among(stats.archivedChannels, "archived")}${among(stats.halfDeletedChannels, "half deleted")}`,
    ],
    ...channelRows(stats.largestChannels),
  ];
  return rows.map(([what, value]) => `${what.padEnd(13)} ${value}`);
}

function backupRows(backups: Stats["backups"]): [string, string][] {
  if (backups === null) return [["backups", "none are made by the server"]];
  const { count, bytes, folder, newestMs } = backups;
  return [
    ["backups", `${shown(count)}, ${mb(bytes)}, the newest ${moment(newestMs)}`],
    ["  in", folder],
  ];
}

function channelRows(channels: Stats["largestChannels"]): [string, string][] {
  const cut = channels.map(({ name }) =>
    name.length > NAME_CHARACTERS ? `${name.slice(0, NAME_CHARACTERS - 3)}...` : name,
  );
  const width = Math.max(0, ...cut.map((name) => name.length));
  return channels.map(({ messages, gone }, index) => [
    "",
    `${(cut[index] ?? "").padEnd(width)} ${shown(messages).padStart(10)}${among(gone, "gone", "and")}`,
  ]);
}

function shown(count: number): string {
  return count.toLocaleString("en");
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString("en", { maximumFractionDigits: 1 })} MB`;
}

/** `, 3 of them disabled`; nothing where there are none. */
function among(count: number, what: string, word?: string): string {
  if (count === 0) return "";
  return word === undefined
    ? `, ${shown(count)} of them ${what}`
    : `, ${word} ${shown(count)} ${what}`;
}

/** In UTC, to the minute. */
function moment(ms: number | null): string {
  return ms === null ? "-" : `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
