import type { Database } from "bun:sqlite";
import { reading, StoreError } from "./errors.ts";

/** So many are carried out at a time, which takes up to 4 ms of the main thread. */
const NOTICES_PER_LOOK = 200;
/** How often a server looks. */
export const NOTICES_EVERY_MS = 50;

/** What a command has done beside the server, as it stands now. */
export type Notice =
  | {
      /** The channel has been renamed, archived, opened again or deleted. */
      readonly kind: "channel";
      readonly channel: number;
      readonly name: string;
      readonly isArchived: boolean;
      readonly isDeleted: boolean;
    }
  | {
      /** A message has been deleted, or has no author any more. */
      readonly kind: "message";
      readonly channel: number;
      readonly seq: number;
      /** The message as it is now; null where it is gone. */
      readonly encoded: Uint8Array | null;
    }
  | {
      /** The account is no member any more. */
      readonly kind: "member";
      readonly channel: number;
      readonly account: number;
    };

interface Row {
  readonly id: number;
  readonly kind: Notice["kind"];
  readonly channel: number;
  readonly subject: number;
  readonly name: string | null;
  readonly archived_ms: number | null;
  readonly deleted_ms: number | null;
  readonly encoded: Uint8Array | null;
}

interface Options {
  /** Carries notices out, in order; returns how many. Those left over are shown again. */
  readonly carryOut: (notices: readonly Notice[]) => number;
  /** Removes those up to this id from the file. */
  readonly forget: (upTo: number) => void;
  /** The disk refused to be read. What was missed is seen by the next look. */
  readonly failed: (error: StoreError) => void;
}

/** Leaves notices for a server that may be running. */
export function noticeWrites(db: Database) {
  const insert = db.prepare<unknown, [Notice["kind"], number, number]>(
    "INSERT INTO notice (kind, channel_id, subject) VALUES (?, ?, ?)",
  );
  return {
    channel: (id: number) => insert.run("channel", id, 0),
    message: (channel: number, seq: number) => insert.run("message", channel, seq),
    member: (channel: number, account: number) => insert.run("member", channel, account),
  };
}

/** Sees what commands have done beside this process. A look at nothing new takes microseconds. */
export class NoticeWatch {
  readonly #options: Options;
  readonly #since;
  #seen: number;

  /**
   * @param db Open for as long as this is used.
   * @param seen The id of the last notice that is in memory already.
   */
  constructor(db: Database, seen: number, options: Options) {
    this.#options = options;
    this.#seen = seen;
    // What commands have left while no server ran.
    if (seen > 0) options.forget(seen);
    this.#since = db.prepare<Row, [number, number]>(
      `SELECT notice.id, kind, notice.channel_id AS channel, subject, name, archived_ms, deleted_ms,
         (SELECT encoded FROM message
          WHERE kind = 'message' AND channel_id = notice.channel_id AND seq = subject) AS encoded
       FROM notice LEFT JOIN channel ON channel.id = notice.channel_id
       WHERE notice.id > ? ORDER BY notice.id LIMIT ?`,
    );
  }

  look(): void {
    try {
      const rows = reading(() => this.#since.all(this.#seen, NOTICES_PER_LOOK));
      if (rows.length === 0) return;
      const count = this.#options.carryOut(rows.map(noticeOf));
      const last = rows[count - 1];
      if (last === undefined) return;
      this.#seen = last.id;
      this.#options.forget(last.id);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#options.failed(error);
    }
  }
}

function noticeOf({ kind, channel, subject, encoded, ...row }: Row): Notice {
  switch (kind) {
    case "channel":
      return {
        kind,
        channel,
        name: row.name ?? "",
        isArchived: row.archived_ms !== null,
        isDeleted: row.deleted_ms !== null,
      };
    case "message":
      return { kind, channel, seq: subject, encoded };
    case "member":
      return { kind, channel, account: subject };
  }
}
