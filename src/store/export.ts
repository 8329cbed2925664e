import type { Database } from "bun:sqlite";
import { decoded } from "../wire/tombstone.ts";
import { ownMessages } from "./message_changes.ts";
import { StoreFileError } from "./schema.ts";

/** A line of an export. The names of its fields are stable: see docs/OPERATIONS.md. */
export type ExportLine = { readonly type: string } & Readonly<
  Record<string, string | number | boolean | null>
>;

/** Messages read at a time, so that an export of any size takes little memory. */
const MESSAGES_PER_READ = 200;
const ROWS_PER_LOOK = 20_000;

type Row = Record<string, string | number | null>;

interface MessageRow {
  readonly seq: number;
  readonly encoded: Uint8Array;
}

/** A channel, its members and its messages as they were when it began. */
export function* exportedChannel(db: Database, id: number): Generator<ExportLine> {
  const channel = db
    .query<Row, [number]>("SELECT name, created_ms, archived_ms FROM channel WHERE id = ?")
    .get(id) as Row;
  const head = db
    .query<{ seq: number | null }, [number]>(
      "SELECT max(seq) AS seq FROM message WHERE channel_id = ?",
    )
    .get(id);
  yield {
    type: "channel",
    id,
    name: channel.name as string,
    created: timeOf(channel.created_ms),
    archived: timeOf(channel.archived_ms),
  };
  const members = db
    .query<{ id: number; name: string }, [number]>(
      `SELECT id, name FROM account JOIN subscription ON account_id = id
       WHERE channel_id = ? ORDER BY id`,
    )
    .all(id);
  for (const { id, name } of members) yield { type: "member", user_id: id, user: name };
  const read = db.prepare<MessageRow, [number, number, number, number]>(
    `SELECT seq, encoded FROM message WHERE channel_id = ? AND seq > ? AND seq <= ?
     ORDER BY seq LIMIT ?`,
  );
  for (let last = 0; ; ) {
    const rows = read.all(id, last, head?.seq ?? 0, MESSAGES_PER_READ);
    for (const row of rows) yield messageLine(row, channel.name as string);
    if (rows.length < MESSAGES_PER_READ) return;
    last = rows.at(-1)?.seq ?? last;
  }
}

/** Everything of an account, but for what lets somebody in: hashes, tokens, secrets. */
export function* exportedUser(db: Database, id: number): Generator<ExportLine> {
  const account = db
    .query<Row, [number]>("SELECT name, role, created_ms, disabled_ms FROM account WHERE id = ?")
    .get(id) as Row;
  yield {
    type: "account",
    id,
    name: account.name as string,
    role: account.role as string,
    created: timeOf(account.created_ms),
    disabled: timeOf(account.disabled_ms),
  };
  const all = (sql: string) => db.query<Row, [number]>(sql).all(id);
  for (const row of all("SELECT * FROM session WHERE account_id = ? ORDER BY created_ms")) {
    const [created, used, expires] = [row.created_ms, row.used_ms, row.expires_ms].map(timeOf);
    yield {
      type: "session",
      device: row.label as string,
      created: created as string,
      used: used as string,
      expires: expires as string,
    };
  }
  for (const row of all("SELECT * FROM totp_factor WHERE account_id = ?")) {
    yield { type: "factor", kind: "totp", name: null, ...factorTimes(row) };
  }
  for (const row of all("SELECT * FROM passkey WHERE account_id = ? ORDER BY created_ms")) {
    yield { type: "factor", kind: "passkey", name: row.name as string, ...factorTimes(row) };
  }
  const channels = db
    .query<{ id: number; name: string }, [number]>(
      `SELECT id, name FROM channel JOIN subscription ON channel_id = id
       WHERE account_id = ? ORDER BY id`,
    )
    .all(id);
  for (const { id, name } of channels) yield { type: "membership", channel_id: id, channel: name };
  yield* messagesOf(db, id);
}

function* messagesOf(db: Database, account: number): Generator<ExportLine> {
  const read = db.prepare<MessageRow & { name: string }, [number]>(
    "SELECT seq, encoded, name FROM message JOIN channel ON channel.id = channel_id WHERE message.id = ?",
  );
  for (let from: number | undefined = 0; from !== undefined; ) {
    const stretch = ownMessages(db, account, from, ROWS_PER_LOOK);
    for (const id of stretch.ids) {
      const row = read.get(id);
      if (row !== null) yield messageLine(row, row.name);
    }
    from = stretch.next;
  }
}

/** @throws StoreFileError where the message is damaged. */
function messageLine({ seq, encoded }: MessageRow, channelName: string): ExportLine {
  const message = decoded(encoded);
  if (message === undefined) {
    throw new StoreFileError(
      `Message ${seq} of ${channelName} is damaged. Restore a backup, or do without it: hubbub message delete ${channelName} ${seq}`,
    );
  }
  return {
    type: "message",
    channel_id: message.channel,
    channel: channelName,
    seq: message.seq,
    author_id: message.authorId,
    author: message.author,
    time: new Date(message.timeMs).toISOString(),
    body: message.body,
    deleted: message.deleted,
  };
}

function factorTimes(row: Row) {
  return { created: timeOf(row.created_ms), used: timeOf(row.used_ms) };
}

function timeOf(ms: string | number | null | undefined): string | null {
  return typeof ms === "number" ? new Date(ms).toISOString() : null;
}
