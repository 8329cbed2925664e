import { create } from "@bufbuild/protobuf";
import { ClientFrameSchema } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { ClientFrameSendReader, putClientFrameSend } from "../../src/wire/gen/straight_line.ts";
import { copyRange } from "../../src/wire/scalars.ts";
import type { Codec, Content } from "./codec.ts";
import { generalCodecs, prepare, type WithForms } from "./general_codecs.ts";
import { copyUpTo, into, OURS, OURS_WITH_STRINGS } from "./ours.ts";
import { type SampleMessage, sampleMessages } from "./sample_messages.ts";

/** A send: from a client's strings to the bytes that the server copies into its batch. */
type Send = WithForms<SampleMessage, typeof ClientFrameSchema>;

const plainSend = ({ request, channel, nonce, body }: SampleMessage) => ({
  request,
  send: { channel, nonce, body },
});

const sendForms = {
  schema: ClientFrameSchema,
  plain: plainSend,
  message: ({ request, channel, nonce, body }: SampleMessage) =>
    create(ClientFrameSchema, {
      request,
      command: { case: "send", value: { channel, nonce, body } },
    }),
  plainOf({ request, command }: Send["forms"]["message"]) {
    if (command.case !== "send") throw new Error("bench: no send");
    const { channel, nonce, body } = command.value;
    return { request, send: { channel, nonce, body } };
  },
};

const batch = new Uint8Array(4096);
const sendReader = new ClientFrameSendReader();

const putSend = ({ request, channel, nonce, body }: SampleMessage) =>
  putClientFrameSend(into, 0, request, channel, nonce, body);

function readSend(bytes: Uint8Array): ClientFrameSendReader {
  if (!sendReader.read(bytes, 0, bytes.length)) throw new Error("bench: the reader refuses a send");
  return sendReader;
}

function readSendAndCopy(bytes: Uint8Array): ClientFrameSendReader {
  const { nonceBegin, nonceEnd, bodyBegin, bodyEnd } = readSend(bytes);
  const at = copyRange(bytes, nonceBegin, nonceEnd, batch, 0);
  copyRange(bytes, bodyBegin, bodyEnd, batch, at);
  return sendReader;
}

function readSendStrings(bytes: Buffer): ReturnType<typeof plainSend> {
  const { request, channel, nonceBegin, nonceEnd, bodyBegin, bodyEnd } = readSend(bytes);
  const nonce = bytes.toString("utf8", nonceBegin, nonceEnd);
  return { request, send: { channel, nonce, body: bytes.toString("utf8", bodyBegin, bodyEnd) } };
}

const ourSends: Codec<Send>[] = [
  {
    name: OURS,
    serialize: putSend,
    frame: (value) => copyUpTo(putSend(value)),
    deserialize: readSendAndCopy,
    found: (found) => readSendStrings((found as ClientFrameSendReader).bytes as Buffer),
  },
  {
    name: OURS_WITH_STRINGS,
    serialize: putSend,
    frame: (value) => copyUpTo(putSend(value)),
    deserialize: readSendStrings,
    found: (found) => found,
  },
];

export const sendContent: Content<Send> = {
  title: "A send, from client to server",
  note:
    "`ClientFrame` with a `Send` of one to ten words. Our code writes it from strings; what it reads, it " +
    "copies as bytes, as the server does on the way to its batch, or, in the last row, makes into strings.",
  values: prepare(sampleMessages, sendForms),
  expected: plainSend,
  codecs: [...generalCodecs(sendForms), ...ourSends],
};
