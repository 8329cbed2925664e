import type { Database } from "bun:sqlite";
import { fromBinary } from "@bufbuild/protobuf";
import type { Page } from "../../src/store/reader.worker.ts";
import type { ChannelRow } from "../../src/store/store.ts";
import { type Message, MessageSchema } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { layMessageRecords } from "../../src/wire/lay.ts";

interface Row {
  readonly channel_id: number;
  readonly seq: number;
  readonly author_id: number;
  readonly nonce: Uint8Array;
  readonly encoded: Uint8Array;
}

/** A kept message, with what stands beside it in the file. */
export interface Kept {
  readonly nonce: string;
  readonly message: Message;
}

/** The database, read in the plainest way. Only what is committed can be seen here. */
export class File {
  readonly #db: Database;
  readonly #between;
  readonly #head;
  readonly #subscriptions;
  readonly #gone;
  /** Messages that were to be removed, by channel and number: what was true once can still be shown. */
  readonly #old = new Map<string, Kept>();

  constructor(db: Database) {
    this.#db = db;
    this.#between = db.prepare<Row, [number, number, number]>(
      "SELECT * FROM message WHERE channel_id = ? AND seq BETWEEN ? AND ? ORDER BY seq",
    );
    this.#head = db.prepare<{ last: number | null }, [number]>(
      "SELECT max(seq) AS last FROM message WHERE channel_id = ?",
    );
    this.#gone = db.prepare<{ gone: number }, [number]>(
      "SELECT gone FROM retention WHERE channel_id = ?",
    );
    this.#subscriptions = db.prepare<{ channel_id: number }, [number]>(
      "SELECT channel_id FROM subscription WHERE account_id = ?",
    );
  }

  message(channel: number, seq: number): Kept | undefined {
    return this.#rows(channel, seq, seq).map(kept)[0] ?? this.#old.get(`${channel}/${seq}`);
  }

  head(channel: number): number {
    return Math.max(this.#head.get(channel)?.last ?? 0, this.gone(channel));
  }

  /** Messages of the channel up to this number are kept no more. */
  gone(channel: number): number {
    return this.#gone.get(channel)?.gone ?? 0;
  }

  /** Remembers messages that may be about to go. */
  remember(channel: number, upTo: number): void {
    for (const row of this.#rows(channel, 1, upTo))
      this.#old.set(`${channel}/${row.seq}`, kept(row));
  }

  /** Every message that there ever was, channel by channel, in order. */
  all(): Kept[] {
    const rows = this.#db.query<Row, []>("SELECT * FROM message ORDER BY channel_id, seq").all();
    const now = rows.map(kept);
    const before = [...this.#old.values()].filter(
      ({ message: { channel, seq } }) => seq <= this.gone(channel),
    );
    return [...before, ...now].sort(
      ({ message: one }, { message: other }) => one.channel - other.channel || one.seq - other.seq,
    );
  }

  subscriptions(account: number): Set<number> {
    return new Set(this.#subscriptions.all(account).map((row) => row.channel_id));
  }

  channels(): ChannelRow[] {
    return this.#db
      .query<{ id: number; name: string; members: number }, []>(
        `SELECT id, name, (SELECT count(*) FROM subscription WHERE channel_id = id) AS members
         FROM channel ORDER BY id`,
      )
      .all()
      .map((row) => ({ ...row, head: this.head(row.id), gone: this.gone(row.id) }));
  }

  /** The first of a channel's messages `from` to `to`, or the last, within the bounds of a page. */
  page(
    end: "first" | "last",
    { channel, from, to }: { channel: number; from: number; to: number },
    limit: number,
    maxBytes: number,
  ): Page {
    const rows = this.#rows(channel, from, to);
    const taken: Row[] = [];
    let bytes = 0;
    for (const row of end === "first" ? rows : rows.toReversed()) {
      bytes += row.encoded.length;
      if (taken.length === limit || (taken.length > 0 && bytes > maxBytes)) break;
      taken.push(row);
    }
    if (end === "last") taken.reverse();
    return {
      records: layMessageRecords(taken.map(({ encoded }) => encoded)),
      count: taken.length,
      last: taken.at(-1)?.seq ?? 0,
      more: taken.length < rows.length,
      gone: this.gone(channel),
    };
  }

  #rows(channel: number, from: number, to: number): Row[] {
    return this.#between.all(channel, from, to);
  }
}

function kept({ channel_id, seq, author_id, nonce, encoded }: Row): Kept {
  const message = fromBinary(MessageSchema, encoded);
  const { channel, authorId } = message;
  if (channel !== channel_id || message.seq !== seq || authorId !== author_id) {
    throw new Error(`sim: message ${channel_id}/${seq} says that it is ${channel}/${message.seq}`);
  }
  return { nonce: Buffer.from(nonce).toString(), message };
}
