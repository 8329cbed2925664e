import { create, toBinary } from "@bufbuild/protobuf";
import { MessageSchema } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { layMessageRecords } from "../../src/wire/lay.ts";
import { type SampleMessage, sampleMessages } from "./sample_messages.ts";

/** So many encoded messages of the standard workload, numbered from `first`. */
export function encodedMessages(count: number, first = 1): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => {
    const sample = sampleMessages[index % sampleMessages.length] as SampleMessage;
    const { channel, authorId, author, timeMs, body } = sample;
    const message = { seq: first + index, channel, authorId, author, timeMs, body };
    return toBinary(MessageSchema, create(MessageSchema, message));
  });
}

/** The same as records laid end to end. */
export function messageRecords(count: number, first = 1): Uint8Array<ArrayBuffer> {
  return layMessageRecords(encodedMessages(count, first));
}
