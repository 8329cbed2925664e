import type { Database } from "bun:sqlite";
import type { Config } from "../config.ts";
import {
  channelChanges,
  channelNamed,
  halfDeletedChannels,
  type ListedChannel,
  listChannels,
} from "../store/channel_changes.ts";
import { GENERAL_CHANNEL_ID } from "../store/schema.ts";
import { channelNamePattern } from "../wire/names.ts";
import { inExistingFile, UserCommandError } from "./account_file.ts";
import { confirmByTyping } from "./confirmation.ts";
import { say } from "./say.ts";
import { emptyWal, inSteps, onFile, step, untilSeen, WAL_REMAINS } from "./steps.ts";

/** Messages deleted in one transaction: it takes some milliseconds. */
const MESSAGES_PER_STEP = 200;

export interface ConfirmOptions {
  /** Do not ask. */
  readonly yes: boolean;
}

/** `hubbub channel list`: id, name, members, messages, the newest message's time and what is special. */
export async function showChannels(config: Config): Promise<void> {
  const channels = await onFile(config, listChannels);
  const width = Math.max(4, ...channels.map(({ name }) => name.length));
  const row = (id: string, name: string, ...rest: [string, string, string, string]) => {
    const [members, messages, newest, state] = rest;
    const cells = [
      id.padStart(6),
      name.padEnd(width),
      members.padStart(7),
      messages.padStart(10),
      newest.padEnd(16),
      state,
    ];
    say(cells.join("  ").trimEnd());
  };
  row("id", "name", "members", "messages", "newest", "");
  for (const channel of channels) {
    const { id, name, members, messages, newestMs } = channel;
    const newest =
      newestMs === undefined
        ? "-"
        : new Date(newestMs).toISOString().slice(0, 16).replace("T", " ");
    row(`${id}`, name, `${members}`, `${messages}`, newest, stateOf(channel));
  }
}

function stateOf({ isArchived, isHalfDeleted }: ListedChannel): string {
  if (isHalfDeleted) return "half deleted";
  return isArchived ? "archived" : "";
}

/**
 * `hubbub channel rename`: gives a channel another name; its members are told.
 *
 * @throws UserCommandError, StoreFileError.
 */
export function renameChannel(config: Config, name: string, newName: string): void {
  if (!channelNamePattern.test(newName)) {
    throw new UserCommandError(
      "The name must have 1 to 64 characters, each a letter, a digit, or one of _ - and .",
    );
  }
  const isRenamed = onChannel(config, name, (db, id) => channelChanges(db).rename(id, newName));
  if (!isRenamed) throw new UserCommandError(`There is a channel ${newName} already.`);
  say(`${name} is ${newName} now.`);
}

/**
 * `hubbub channel archive`: the channel can be read, and nobody can write to it.
 *
 * @throws UserCommandError, StoreFileError.
 */
export function archiveChannel(config: Config, name: string): void {
  const isChanged = onChannel(config, name, (db, id) => channelChanges(db).archive(id, Date.now()));
  say(isChanged ? `${name} is archived.` : `${name} was archived already.`);
}

/**
 * `hubbub channel unarchive`: members can write to the channel again.
 *
 * @throws UserCommandError, StoreFileError.
 */
export function unarchiveChannel(config: Config, name: string): void {
  const isChanged = onChannel(config, name, (db, id) => channelChanges(db).unarchive(id));
  say(isChanged ? `${name} is open again.` : `${name} was not archived.`);
}

/**
 * `hubbub channel delete`: deletes a channel with its messages and memberships. Given again, it goes on where
 * it was broken off.
 *
 * @throws UserCommandError, StoreFileError.
 */
export async function deleteChannel(config: Config, name: string, { yes }: ConfirmOptions) {
  await onFile(config, async (db) => {
    const id = channelNamed(db, name);
    const isHalfDone = id === undefined && halfDeletedNamed(db, name);
    if (id === undefined && !isHalfDone) throw noChannel(name);
    if (id === GENERAL_CHANNEL_ID) {
      throw new UserCommandError(
        `${name} cannot be deleted: it is where every account begins. It can be archived.`,
      );
    }
    if (!yes) confirmByTyping(`This deletes ${name} with all its messages, for ever.`, name);
    const changes = channelChanges(db);
    if (id !== undefined) step(db, () => changes.hide(id, Date.now()));
    await untilSeen();
    for (const half of halfDeletedChannels(db)) {
      await inSteps(db, config, () => changes.deleteMessages(half, MESSAGES_PER_STEP) > 0);
      step(db, () => changes.finish(half));
    }
    say(`${name} is deleted.`);
    if (!(await emptyWal(db, config))) say(WAL_REMAINS);
  });
}

function halfDeletedNamed(db: Database, name: string): boolean {
  const half = new Set(halfDeletedChannels(db));
  const isNamed = (channel: ListedChannel) => channel.name.toLowerCase() === name.toLowerCase();
  return listChannels(db).some((channel) => half.has(channel.id) && isNamed(channel));
}

function onChannel<T>(config: Config, name: string, work: (db: Database, id: number) => T): T {
  return inExistingFile(config, (db) => work(db, idOf(db, name)));
}

/** @throws UserCommandError where there is no channel of that name. */
export function idOf(db: Database, name: string): number {
  const id = channelNamed(db, name);
  if (id === undefined) throw noChannel(name);
  return id;
}

function noChannel(name: string): UserCommandError {
  return new UserCommandError(`There is no channel ${name}.`);
}
