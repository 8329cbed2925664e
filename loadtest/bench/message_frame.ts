import { create } from "@bufbuild/protobuf";
import { ServerFrameSchema } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { EventMessageReader, putMessage } from "../../src/wire/gen/straight_line.ts";
import { putMessageRecord } from "../../src/wire/lay.ts";
import type { Codec, Content } from "./codec.ts";
import { generalCodecs, prepare, type WithForms } from "./general_codecs.ts";
import { eventAt } from "./one_event.ts";
import { copyUpTo, into, OURS, OURS_WITH_STRINGS } from "./ours.ts";
import { type SampleMessage, sampleMessages } from "./sample_messages.ts";

const utf8 = new TextEncoder();

interface MessageParts extends SampleMessage {
  readonly authorBytes: Uint8Array;
  readonly bodyBytes: Uint8Array;
}

type Message = WithForms<MessageParts, typeof ServerFrameSchema>;

const plainMessage = ({ seq, channel, authorId, author, timeMs, body }: SampleMessage) => ({
  events: [{ message: { seq, channel, authorId, author, timeMs, body } }],
});

const messageForms = {
  schema: ServerFrameSchema,
  plain: plainMessage,
  message: ({ seq, channel, authorId, author, timeMs, body }: MessageParts) =>
    create(ServerFrameSchema, {
      events: [
        {
          event: {
            case: "message",
            value: { seq, channel, authorId, author, timeMs, body },
          },
        },
      ],
    }),
  plainOf({ events: [first] }: Message["forms"]["message"]) {
    if (first?.event.case !== "message") throw new Error("bench: no message");
    const { seq, channel, authorId, author, timeMs, body } = first.event.value;
    return { events: [{ message: { seq, channel, authorId, author, timeMs, body } }] };
  },
};

const messageReader = new EventMessageReader();
const encoded = new Uint8Array(4096);

function putMessageFrame(message: MessageParts): number {
  const { seq, channel, authorId, authorBytes, timeMs, bodyBytes } = message;
  const { length } = authorBytes;
  // biome-ignore format: one line for each of a field's parts says less than this.
  const end = putMessage(encoded, 0, seq, channel, authorId, authorBytes, 0, length, timeMs, bodyBytes, 0, bodyBytes.length);
  return putMessageRecord(into, 0, encoded.subarray(0, end));
}

function readMessage(bytes: Uint8Array): EventMessageReader {
  if (!messageReader.read(bytes, eventAt(bytes), bytes.length)) throw new Error("bench: refused");
  return messageReader;
}

function readMessageStrings(bytes: Buffer): ReturnType<typeof plainMessage> {
  const { seq, channel, authorId, authorBegin, authorEnd, timeMs, bodyBegin, bodyEnd } =
    readMessage(bytes);
  const author = bytes.toString("utf8", authorBegin, authorEnd);
  const body = bytes.toString("utf8", bodyBegin, bodyEnd);
  return { events: [{ message: { seq, channel, authorId, author, timeMs, body } }] };
}

const ourMessages: Codec<Message>[] = [
  {
    name: OURS,
    serialize: putMessageFrame,
    frame: (value) => copyUpTo(putMessageFrame(value)),
    deserialize: readMessage,
    found: (found) => readMessageStrings((found as EventMessageReader).bytes as Buffer),
  },
  {
    name: OURS_WITH_STRINGS,
    serialize: putMessageFrame,
    frame: (value) => copyUpTo(putMessageFrame(value)),
    deserialize: readMessageStrings,
    found: (found) => found,
  },
];

const messageParts: readonly MessageParts[] = sampleMessages.map((message) => ({
  ...message,
  authorBytes: utf8.encode(message.author),
  bodyBytes: utf8.encode(message.body),
}));

export const messageContent: Content<Message> = {
  title: "A message, from server to client",
  note:
    "`ServerFrame` with one `Message`. Our code lays it from the bytes that the server has, and leaves text " +
    "where it lies, as the load tester does, or, in the last row, makes it into strings.",
  values: prepare(messageParts, messageForms),
  expected: plainMessage,
  codecs: [...generalCodecs(messageForms), ...ourMessages],
};
