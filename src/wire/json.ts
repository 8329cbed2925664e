import { create, fromBinary, fromJson, type JsonValue, toJsonString } from "@bufbuild/protobuf";
import type { Decoded, Encoding, Incoming, Outgoing } from "./encoding.ts";
import { ErrorCode } from "./gen/hubbub/v1/events_pb.ts";
import { ClientFrameSchema, type Event, ServerFrameSchema } from "./gen/hubbub/v1/frames_pb.ts";

/** `hubbub.v1.json`: the same messages in protobuf's JSON mapping. */
export const json: Encoding = {
  subprotocol: "hubbub.v1.json",
  name: "json",

  readSend: () => undefined,

  decode(data: Incoming): Decoded {
    if (typeof data !== "string") {
      return {
        fault: ErrorCode.INVALID_FRAME,
        request: 0,
        text: "This connection speaks JSON; a binary message came.",
      };
    }
    let value: JsonValue;
    try {
      value = JSON.parse(data);
    } catch {
      return { fault: ErrorCode.INVALID_FRAME, request: 0, text: "The text is not JSON." };
    }
    try {
      return fromJson(ClientFrameSchema, value, { ignoreUnknownFields: true });
    } catch (error) {
      return {
        fault: ErrorCode.INVALID_FRAME,
        request: requestOf(value),
        text: `The JSON is not a ClientFrame${error instanceof Error ? fieldOf(error) : ""}.`,
      };
    }
  },

  encode(events: readonly Event[]): Outgoing {
    return toJsonString(
      ServerFrameSchema,
      create(ServerFrameSchema, { events: events as Event[] }),
    );
  },

  encodeRecords(records: Uint8Array<ArrayBuffer>): Outgoing {
    return toJsonString(ServerFrameSchema, fromBinary(ServerFrameSchema, records));
  },
};

/** The request number of a frame that is otherwise wrong, so that its sender knows which it was. */
function requestOf(value: JsonValue): number {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return 0;
  // The JSON mapping reads numbers from strings, too.
  const request = typeof value.request === "string" ? Number(value.request) : value.request;
  const isUint32 =
    typeof request === "number" &&
    Number.isInteger(request) &&
    request >= 0 &&
    request <= 0xffffffff;
  return isUint32 ? request : 0;
}

/**
 * Names the field that was wrong, without repeating the value that was sent. Only the beginning of
 * the library's message is its own; further on it quotes the value.
 */
function fieldOf(error: Error): string {
  const field = /^cannot decode field (hubbub\.v1\.[A-Za-z]+\.[a-z_]+)/.exec(error.message)?.[1];
  return field === undefined ? "" : `: see ${field}`;
}
