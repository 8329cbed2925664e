import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Decoded, Encoding, Incoming, Outgoing } from "./encoding.ts";
import { ErrorCode } from "./gen/hubbub/v1/events_pb.ts";
import { ClientFrameSchema, type Event, EventSchema } from "./gen/hubbub/v1/frames_pb.ts";
import { ClientFrameSendReader, putServerFrameEventsSent } from "./gen/straight_line.ts";
import { eventRecordBytes, putEventRecord } from "./lay.ts";

/** More than the record of an acknowledgement can take. */
const ACK_BYTES = 64;

/** One for all: a send is read and used in the same turn. */
const send = new ClientFrameSendReader();
/** Frames are put together here, and copied out. */
let scratch = new Uint8Array(16 * 1024);

/** `hubbub.v1`: binary protobuf. */
export const binary: Encoding = {
  subprotocol: "hubbub.v1",
  name: "binary",

  readSend(data: Incoming): ClientFrameSendReader | undefined {
    return typeof data !== "string" && send.read(data, 0, data.length) ? send : undefined;
  },

  decode(data: Incoming): Decoded {
    if (typeof data === "string") {
      return {
        fault: ErrorCode.INVALID_FRAME,
        request: 0,
        text: "This connection speaks binary protobuf; a text message came.",
      };
    }
    try {
      // What this server does not know it needs not keep: a command of a newer client is told by
      // there being none.
      return fromBinary(ClientFrameSchema, data, { readUnknownFields: false });
    } catch {
      return {
        fault: ErrorCode.INVALID_FRAME,
        request: 0,
        text: "The bytes are not a ClientFrame.",
      };
    }
  },

  encode(events: readonly Event[]): Outgoing {
    let at = 0;
    for (const event of events) at = putEvent(at, event);
    return scratch.slice(0, at);
  },

  encodeRecords(records: Uint8Array<ArrayBuffer>): Outgoing {
    return records;
  },
};

/** Hot for acknowledgements. Writes an event's record into the scratch memory. */
function putEvent(at: number, event: Event): number {
  if (event.event.case === "sent") {
    const { channel, seq, timeMs, duplicate } = event.event.value;
    makeRoom(at, ACK_BYTES);
    return putServerFrameEventsSent(scratch, at, event.request, channel, seq, timeMs, duplicate);
  }
  const encoded = toBinary(EventSchema, event);
  makeRoom(at, eventRecordBytes(encoded.length));
  return putEventRecord(scratch, at, encoded);
}

function makeRoom(at: number, bytes: number): void {
  if (at + bytes <= scratch.length) return;
  const larger = new Uint8Array(Math.max(at + bytes, scratch.length * 2));
  larger.set(scratch.subarray(0, at));
  scratch = larger;
}
