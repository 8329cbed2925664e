import type { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { MessageSchema } from "../../../src/wire/gen/hubbub/v1/events_pb.ts";

/** Adds messages to a channel, as they would have been taken at these times. */
export function addMessages(
  db: Database,
  channel: number,
  timesMs: readonly number[],
  body = "hello",
): void {
  const newest = db
    .query<{ seq: number | null }, [number]>(
      "SELECT max(seq) AS seq FROM message WHERE channel_id = ?",
    )
    .get(channel);
  const insert = db.prepare(
    "INSERT INTO message (channel_id, seq, author_id, nonce, encoded) VALUES (?, ?, 1, ?, ?)",
  );
  let seq = newest?.seq ?? 0;
  db.transaction(() => {
    for (const timeMs of timesMs) {
      seq += 1;
      const fields = {
        ...{ channel, seq, authorId: 1, author: "ada", body },
        timeMs: Math.floor(timeMs),
      };
      insert.run(
        channel,
        seq,
        randomBytes(16),
        toBinary(MessageSchema, create(MessageSchema, fields)),
      );
    }
  })();
  insert.finalize();
}
