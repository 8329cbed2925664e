import { fromBinary } from "@bufbuild/protobuf";
import { MessageSchema } from "./gen/hubbub/v1/events_pb.ts";

/** When the server took an encoded `Message`: ms since the Unix epoch. */
export function messageTimeMs(encoded: Uint8Array): number {
  return fromBinary(MessageSchema, encoded).timeMs;
}

/** The same; undefined where the bytes are damaged, which must not stop whoever only looks. */
export function readableTimeMs(encoded: Uint8Array): number | undefined {
  try {
    return messageTimeMs(encoded);
  } catch {
    return undefined;
  }
}
