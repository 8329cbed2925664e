import type { Database } from "bun:sqlite";
import { reading } from "../errors.ts";

/** How long a channel's messages are kept. */
export interface Limits {
  readonly isForever: boolean;
  /** Older ones go; null: however old. */
  readonly days: number | null;
  /** More than so many: the oldest go; null: however many. */
  readonly messages: number | null;
  /** More than so many bytes, encoded: the oldest go; null: however many. */
  readonly bytes: number | null;
}

export const FOREVER: Limits = { isForever: true, days: null, messages: null, bytes: null };

interface Row {
  readonly channel: number;
  readonly is_forever: number;
  readonly days: number | null;
  readonly messages: number | null;
  readonly bytes: number | null;
}

/**
 * Reads what channels have of their own, whoever wrote it. The returned function is for every few seconds.
 *
 * @throws StoreError where the disk refuses.
 */
export function limitReads(db: Database): () => Map<number, Limits> {
  const own = db.prepare<Row, []>(
    `SELECT channel_id AS channel, is_forever, days, messages, bytes FROM retention
     WHERE is_forever = 1 OR coalesce(days, messages, bytes) IS NOT NULL`,
  );
  return () =>
    new Map(
      reading(() => own.all()).map(({ channel, is_forever, days, messages, bytes }) => [
        channel,
        { isForever: is_forever === 1, days, messages, bytes },
      ]),
    );
}

/** The limits that a channel has of its own; undefined where it has none. */
export function limitsOf(db: Database, channel: number): Limits | undefined {
  return limitReads(db)().get(channel);
}

/** Gives a channel limits of its own; undefined takes them away. */
export function setLimits(db: Database, channel: number, limits: Limits | undefined): void {
  const { isForever, days, messages, bytes } = limits ?? { ...FOREVER, isForever: false };
  db.run(
    `INSERT INTO retention (channel_id, is_forever, days, messages, bytes) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (channel_id) DO UPDATE SET is_forever = excluded.is_forever,
       days = excluded.days, messages = excluded.messages, bytes = excluded.bytes`,
    [channel, isForever ? 1 : 0, days, messages, bytes],
  );
}
