import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { MessageSchema } from "./gen/hubbub/v1/events_pb.ts";

/** What stands in the place of the author of messages whose account was erased; its id is 0. */
export const ERASED_AUTHOR = "erased user";

/** What is to be done to a message. */
export interface Emptying {
  /** The text goes, and the message is marked as deleted. */
  readonly body: boolean;
  /** The author goes. */
  readonly author: boolean;
}

/** An encoded `Message` without its text, its author or both. Its number and time stay. */
export function emptied(encoded: Uint8Array, { body, author }: Emptying): Uint8Array<ArrayBuffer> {
  const message = fromBinary(MessageSchema, encoded);
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

/** Whether an encoded `Message` has been deleted. */
export function isDeleted(encoded: Uint8Array): boolean {
  return fromBinary(MessageSchema, encoded).deleted;
}
