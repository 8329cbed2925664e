import { fromBinary, type JsonValue, toJson } from "@bufbuild/protobuf";
import { ClientFrameSchema, ServerFrameSchema } from "../wire/gen/hubbub/v1/frames_pb.ts";

/** Who sends a frame. */
export type FrameKind = "client" | "server";

/** `ServerFrame.events`: field 1, length-delimited. */
const EVENTS_TAG = 0x0a;

/**
 * A frame as JSON, under the name of what it is; undefined where the bytes are none.
 *
 * The first byte tells the kinds apart: every field of a ServerFrame is an event, field 1 with a
 * length, where a ClientFrame has a number in field 1. A frame that is guessed to be one but has
 * fields that no version of this program knows is taken for garbage; if it is from a newer
 * program, saying `--as` shows what can be understood of it.
 */
export function describeFrame(bytes: Uint8Array, as?: FrameKind): JsonValue | undefined {
  const isServer = as === undefined ? bytes[0] === EVENTS_TAG : as === "server";
  try {
    const schema = isServer ? ServerFrameSchema : ClientFrameSchema;
    const frame = fromBinary(schema, bytes);
    if (as === undefined && frame.$unknown !== undefined) return undefined;
    return { [schema.name]: toJson(schema, frame) };
  } catch {
    return undefined;
  }
}
