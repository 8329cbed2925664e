import { fromBinary } from "@bufbuild/protobuf";
import { MessageSchema } from "./gen/hubbub/v1/events_pb.ts";

/** When the server took an encoded `Message`: ms since the Unix epoch. */
export function messageTimeMs(encoded: Uint8Array): number {
  return fromBinary(MessageSchema, encoded).timeMs;
}
