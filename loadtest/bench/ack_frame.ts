import { create } from "@bufbuild/protobuf";
import { ServerFrameSchema } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { EventSentReader, putServerFrameEventsSent } from "../../src/wire/gen/straight_line.ts";
import type { Codec, Content } from "./codec.ts";
import { generalCodecs, prepare, type WithForms } from "./general_codecs.ts";
import { eventAt } from "./one_event.ts";
import { copyUpTo, into, OURS } from "./ours.ts";
import { type SampleMessage, sampleMessages } from "./sample_messages.ts";

type Ack = WithForms<SampleMessage, typeof ServerFrameSchema>;

const plainAck = ({ request, channel, seq, timeMs }: SampleMessage) => ({
  events: [{ request, sent: { channel, seq, timeMs } }],
});

const ackForms = {
  schema: ServerFrameSchema,
  plain: plainAck,
  message: ({ request, channel, seq, timeMs }: SampleMessage) =>
    create(ServerFrameSchema, {
      events: [{ request, event: { case: "sent", value: { channel, seq, timeMs } } }],
    }),
  plainOf({ events: [first] }: Ack["forms"]["message"]) {
    if (first?.event.case !== "sent") throw new Error("bench: no ack");
    const { channel, seq, timeMs } = first.event.value;
    return { events: [{ request: first.request, sent: { channel, seq, timeMs } }] };
  },
};

const sentReader = new EventSentReader();

const putAck = ({ request, channel, seq, timeMs }: SampleMessage) =>
  putServerFrameEventsSent(into, 0, request, channel, seq, timeMs, false);

function readAck(bytes: Uint8Array): EventSentReader {
  if (!sentReader.read(bytes, eventAt(bytes), bytes.length)) throw new Error("bench: refused");
  return sentReader;
}

const ourAck: Codec<Ack> = {
  name: OURS,
  serialize: putAck,
  frame: (value) => copyUpTo(putAck(value)),
  deserialize: readAck,
  found: (found) => plainAck(found as EventSentReader & SampleMessage),
};

export const ackContent: Content<Ack> = {
  title: "An acknowledgement, from server to client",
  note: "`ServerFrame` with one `Sent`.",
  values: prepare(sampleMessages, ackForms),
  expected: plainAck,
  codecs: [...generalCodecs(ackForms), ourAck],
};
