import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Message, MessageSchema } from "./gen/hubbub/v1/events_pb.ts";

/** What stands in the place of the author of messages whose account was erased; its id is 0. */
export const ERASED_AUTHOR = "erased user";

/** What is to be done to a message. */
export interface Emptying {
  /** The text goes, and the message is marked as deleted. */
  readonly body: boolean;
  /** The author goes. */
  readonly author: boolean;
}

/**
 * An encoded `Message` without its text, its author or both. Its number and time stay. Of one that is damaged
 * nothing stays but its place.
 */
export function emptied(
  encoded: Uint8Array,
  { body, author }: Emptying,
  place: { readonly channel: number; readonly seq: number },
): Uint8Array<ArrayBuffer> {
  const message = decoded(encoded) ?? create(MessageSchema, { ...place, deleted: true });
  if (body) {
    message.body = "";
    message.deleted = true;
  }
  if (author) {
    message.authorId = 0;
    message.author = ERASED_AUTHOR;
  }
  return toBinary(MessageSchema, message);
}

/** Whether an encoded `Message` has been deleted; one that is damaged has not. */
export function isDeleted(encoded: Uint8Array): boolean {
  return decoded(encoded)?.deleted ?? false;
}

/** A message from its bytes; undefined where they are damaged. */
export function decoded(encoded: Uint8Array): Message | undefined {
  try {
    return fromBinary(MessageSchema, encoded);
  } catch {
    // Bytes that the disk has changed: SQLite's checks do not notice it inside of a value.
    return undefined;
  }
}
