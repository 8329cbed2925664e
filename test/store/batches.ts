import { create, toBinary } from "@bufbuild/protobuf";
import { BatchWriter } from "../../src/store/batch.ts";
import type { CommitResult, Committer } from "../../src/store/committer.ts";
import { MessageSchema } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { ServerFrameSchema } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { incomingSend } from "../../src/wire/incoming_send.ts";

const utf8 = new TextEncoder();

/** A message to commit. */
export interface Draft {
  readonly channel: number;
  readonly nonce: string;
  readonly author?: number;
  readonly body?: string;
}

function fieldsOf({ channel, nonce, author = 1, body = `body of ${nonce}` }: Draft) {
  return { channel, authorId: author, author: `user-${author}`, timeMs: 1_700_000_000_000, body };
}

/** The encoding of a draft without its number. */
export function restOf(draft: Draft): Uint8Array<ArrayBuffer> {
  return toBinary(MessageSchema, create(MessageSchema, fieldsOf(draft)));
}

/** The draft under its number, encoded whole. */
export function encodedAs(draft: Draft, seq: number): Uint8Array<ArrayBuffer> {
  return toBinary(MessageSchema, create(MessageSchema, { ...fieldsOf(draft), seq }));
}

/** The frame with these drafts, numbered from `first`, as the protobuf library encodes it. */
export function frameOf(drafts: readonly Draft[], first: number): Uint8Array<ArrayBuffer> {
  const events = drafts.map((draft, index) => {
    const value = create(MessageSchema, { ...fieldsOf(draft), seq: first + index });
    return { event: { case: "message" as const, value } };
  });
  return toBinary(ServerFrameSchema, create(ServerFrameSchema, { events }));
}

/** The batch that holds these drafts, and pings. */
export function batchOf(entries: readonly (Draft | "ping")[]): Uint8Array<ArrayBuffer> {
  const batch = new BatchWriter();
  for (const entry of entries) {
    if (entry === "ping") batch.addPing();
    else {
      const { channel, authorId, author, timeMs, body } = fieldsOf(entry);
      const send = incomingSend(1, { channel, nonce: entry.nonce, body });
      batch.addMessage(send, { id: authorId, nameBytes: utf8.encode(author) }, timeMs);
    }
  }
  return batch.take();
}

/** Commits drafts, and pings, as one batch. */
export function commit(committer: Committer, entries: readonly (Draft | "ping")[]): CommitResult {
  return committer.commit(batchOf(entries), entries.length);
}

/** So many drafts for a channel, with nonces `prefix-0`, `prefix-1`, ... */
export function drafts(channel: number, count: number, prefix: string, body?: string): Draft[] {
  return Array.from({ length: count }, (_, index) => ({
    channel,
    nonce: `${prefix}-${index}`,
    ...(body === undefined ? {} : { body }),
  }));
}
