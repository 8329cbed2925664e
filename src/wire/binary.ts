import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Decoded, Encoding, Incoming, Outgoing } from "./encoding.ts";
import { ErrorCode } from "./gen/hubbub/v1/events_pb.ts";
import { ClientFrameSchema, type Event, ServerFrameSchema } from "./gen/hubbub/v1/frames_pb.ts";

/** `hubbub.v1`: binary protobuf. */
export const binary: Encoding = {
  subprotocol: "hubbub.v1",
  name: "binary",

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
    return toBinary(ServerFrameSchema, create(ServerFrameSchema, { events: events as Event[] }));
  },

  encodeRecords(records: Uint8Array<ArrayBuffer>): Outgoing {
    return records;
  },
};
