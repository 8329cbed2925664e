import { Database } from "bun:sqlite";
import { create, toBinary } from "@bufbuild/protobuf";
import { MessageSchema } from "../../src/wire/gen/hubbub/v1/events_pb.ts";

/** Whole messages of a channel, laid into a file that no server has open. */
interface Laid {
  readonly author: string;
  readonly timeMs: number;
  readonly body: string;
}

/**
 * Fills an empty channel, which all accounts join, with so many messages, as if they had been sent: a
 * hundred thousand in a second or two.
 *
 * @param file of a server that has been stopped, and that knows the authors' accounts.
 * @param channel in small letters.
 * @param messageOf by number, from 1.
 */
export function layChannel(
  file: string,
  channel: string,
  count: number,
  messageOf: (seq: number) => Laid,
): void {
  using db = new Database(file);
  const accounts = db.query<{ id: number; name: string }, []>("SELECT id, name FROM account").all();
  const idOf = new Map(accounts.map(({ id, name }) => [name, id]));
  db.transaction(() => {
    const row = [channel, channel, Date.now()] as const;
    db.run("INSERT OR IGNORE INTO channel (name, name_key, created_ms) VALUES (?, ?, ?)", [...row]);
    const { id } = db
      .query<{ id: number }, [string]>("SELECT id FROM channel WHERE name_key = ?")
      .get(channel) as { id: number };
    for (const authorId of idOf.values()) {
      db.run("INSERT OR IGNORE INTO subscription VALUES (?, ?)", [authorId, id]);
    }
    const insert = db.prepare(
      "INSERT INTO message (channel_id, seq, author_id, nonce, encoded) VALUES (?, ?, ?, ?, ?)",
    );
    for (let seq = 1; seq <= count; seq++) {
      const { author, timeMs, body } = messageOf(seq);
      const authorId = idOf.get(author);
      if (authorId === undefined) throw new Error(`channel_log: there is no account ${author}`);
      const message = create(MessageSchema, { seq, channel: id, authorId, author, timeMs, body });
      const nonce = new TextEncoder().encode(`laid-${id}-${seq}`);
      insert.run(id, seq, authorId, nonce, toBinary(MessageSchema, message));
    }
  })();
}
