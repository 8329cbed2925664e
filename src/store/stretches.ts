import type { Untouched } from "./untouched.ts";

export interface StretchOptions {
  /** Compare the indexes of the messages with their table, too. */
  readonly isFull: boolean;
  /** Told from 0 to 1 how far it is. */
  readonly progress: (part: number) => void;
  /** Waits between two stretches, of which the last took so long. */
  readonly rest: (ms: number) => Promise<void>;
}

interface Run {
  readonly channel: number;
  readonly first: number;
  readonly last: number;
  readonly rows: number;
}

const FIRST_ROWS = 500;
const LEAST_ROWS = 50;
const MOST_ROWS = 20_000;
/** A statement aims at that: as long as it reads, the WAL cannot start over. */
const STRETCH_MS = 20;

/**
 * Checks a database that is written to, without ever keeping the WAL from starting over: tables one by one
 * by SQLite's own check, but the messages and their indexes by reading every page of them, some rows at a
 * time. What it does not see, as it has no moment to look at the whole: pages that belong to nothing.
 *
 * @returns what is damaged, in words; undefined where nothing is.
 * @throws SQLiteError where a page cannot be read as what it should be.
 */
export async function checkInStretches(
  db: Untouched,
  options: StretchOptions,
): Promise<string | undefined> {
  const pragma = options.isFull ? "integrity_check" : "quick_check";
  const tables = db.all<{ name: string }>(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name != 'message'",
  );
  for (const name of ["sqlite_schema", ...tables.map((table) => table.name)]) {
    const began = performance.now();
    const found = Object.values(db.get<object>(`PRAGMA ${pragma}('${name}')`) ?? {})[0];
    if (found !== "ok") return String(found);
    await options.rest(performance.now() - began);
  }
  return (
    (await checkRows(db, part(options, 0))) ??
    (await checkNonces(db, part(options, 1))) ??
    (await checkNumbers(db, part(options, 2)))
  );
}

/** One of the three ways through the messages. */
function part(options: StretchOptions, index: number): StretchOptions {
  return { ...options, progress: (share) => options.progress((index + share) / 3) };
}

/** The messages in the order of their coming, all their bytes. */
async function checkRows(db: Untouched, options: StretchOptions): Promise<string | undefined> {
  let from = 0;
  return inStretches(db, options, (limit) => {
    // The comparison is there for the bytes to be read.
    const found = db.get<{ rows: number; first: number; last: number; lost: number }>(
      `SELECT count(*) AS rows, min(id) AS first, max(id) AS last, total(encoded = nonce),
         total(${
           options.isFull
             ? `NOT EXISTS (SELECT 1 FROM message AS i INDEXED BY message_in_channel
                  WHERE i.channel_id = m.channel_id AND i.seq = m.seq AND i.id = m.id)
                OR NOT EXISTS (SELECT 1 FROM message AS i INDEXED BY message_once
                  WHERE i.nonce = m.nonce AND i.author_id = m.author_id AND i.id = m.id)`
             : "0"
         }) AS lost
       FROM (SELECT * FROM message NOT INDEXED WHERE id > ? ORDER BY id LIMIT ?) AS m`,
      from,
      limit,
    );
    if (found === undefined || found.rows === 0) return 0;
    if (found.lost > 0) return `messages are missing from an index: ${found.lost}`;
    if (found.first <= from) return "messages are not in order";
    from = found.last;
    return found.rows;
  });
}

/** The index by which a repeated message is known. */
async function checkNonces(db: Untouched, options: StretchOptions): Promise<string | undefined> {
  let from: readonly [Uint8Array, number] = [new Uint8Array(0), 0];
  return inStretches(db, options, (limit) => {
    const rows = db.all<{ nonce: Uint8Array; author: number; isLost: number }>(
      `SELECT nonce, author_id AS author, ${isLost(options, "t.nonce = i.nonce AND t.author_id = i.author_id")} AS isLost
       FROM message AS i INDEXED BY message_once
       WHERE (nonce, author_id) > (?, ?) ORDER BY nonce, author_id LIMIT ?`,
      ...from,
      limit,
    );
    if (rows.some((row) => row.isLost > 0)) return LOST_IN_INDEX;
    const last = rows.at(-1);
    if (last !== undefined) from = [last.nonce, last.author];
    return rows.length;
  });
}

/** The index over channels and numbers: each channel's are without a gap. */
export async function checkNumbers(
  db: Untouched,
  options: StretchOptions,
): Promise<string | undefined> {
  let [channel, seq] = [0, 0];
  return inStretches(db, options, (limit) => {
    const runs = db.all<Run & { lost: number }>(
      `SELECT channel, min(seq) AS first, max(seq) AS last, count(*) AS rows, total(isLost) AS lost
       FROM (SELECT channel_id AS channel, seq, ${isLost(options, "t.seq = i.seq AND t.channel_id = i.channel_id")} AS isLost
             FROM message AS i INDEXED BY message_in_channel
             WHERE (channel_id, seq) > (?, ?) ORDER BY channel_id, seq LIMIT ?)
       GROUP BY channel ORDER BY channel`,
      channel,
      seq,
      limit,
    );
    for (const run of runs) {
      if (run.lost > 0) return LOST_IN_INDEX;
      const gap = gapOf(db, run, run.channel === channel ? seq : 0);
      if (gap !== undefined) return gap;
      [channel, seq] = [run.channel, run.last];
    }
    return runs.reduce((sum, { rows }) => sum + rows, 0);
  });
}

const LOST_IN_INDEX = "an index has messages that its table has not";

const isLost = ({ isFull }: StretchOptions, condition: string) =>
  isFull
    ? `NOT EXISTS (SELECT 1 FROM message AS t NOT INDEXED WHERE t.id = i.id AND ${condition})`
    : "0";

/**
 * What is missing of a channel in a run of its numbers that follows `before`. The oldest may have gone since,
 * by retention, and then the database says up to where.
 */
function gapOf(db: Untouched, run: Run, before: number): string | undefined {
  const { channel, first, last, rows } = run;
  const isUnbroken = rows === last - first + 1;
  if (isUnbroken && first === before + 1) return undefined;
  const row = db.get<{ deleted: number; gone: number }>(
    `SELECT deleted_ms IS NOT NULL AS deleted,
       coalesce((SELECT gone FROM retention WHERE channel_id = channel.id), 0) AS gone
     FROM channel WHERE id = ?`,
    channel,
  );
  if (row === undefined) return `it has messages of channel ${channel}, but not the channel`;
  // Nobody sees it any more. A message that was on its way to the disk may have come after its deletion.
  if (row.deleted) return undefined;
  if (!isUnbroken) {
    return `in channel ${channel}, ${rows} messages bear the numbers ${first} to ${last}`;
  }
  const from = Math.max(before, row.gone) + 1;
  return first <= from
    ? undefined
    : `in channel ${channel}, messages ${from} to ${first - 1} are missing`;
}

/** @param read reads so many rows; says how many there were, or what is wrong. */
async function inStretches(
  db: Untouched,
  { progress, rest }: StretchOptions,
  read: (limit: number) => number | string,
): Promise<string | undefined> {
  const most = db.number("SELECT coalesce(max(id) - min(id), 0) + 1 FROM message");
  let limit = FIRST_ROWS;
  for (let seen = 0; ; ) {
    const began = performance.now();
    const rows = read(limit);
    if (typeof rows === "string") return rows;
    seen += rows;
    // The end, as it was at that moment. To wait for one without more could take for ever.
    if (rows < limit) {
      progress(1);
      return undefined;
    }
    const ms = performance.now() - began;
    limit = Math.round((limit * STRETCH_MS) / Math.max(ms, 1));
    limit = Math.min(Math.max(limit, LEAST_ROWS), MOST_ROWS);
    progress(Math.min(1, seen / most));
    await rest(ms);
  }
}
