import type { ErrorCode } from "./gen/hubbub/v1/events_pb.ts";
import type { ClientFrame, Event } from "./gen/hubbub/v1/frames_pb.ts";
import type { ClientFrameSendReader } from "./gen/straight_line.ts";

/** What arrives at a socket: bytes of a binary message, or the text of a text message. */
export type Incoming = Uint8Array | string;

/** What goes out of a socket: one WebSocket message. */
export type Outgoing = Uint8Array<ArrayBuffer> | string;

/** A frame that could not be read. `request` is 0 where it could not be told. */
export interface Fault {
  readonly fault: ErrorCode;
  readonly request: number;
  readonly text: string;
}

export type Decoded = ClientFrame | Fault;

export function isFault(decoded: Decoded): decoded is Fault {
  return "fault" in decoded;
}

/** One of the two encodings of the wire, as its WebSocket subprotocol names it. */
export interface Encoding {
  readonly subprotocol: "hubbub.v1" | "hubbub.v1.json";
  /** What it is called in topics and counters. */
  readonly name: "binary" | "json";
  /**
   * Hot. Reads a send, where it is one that the fast way can read: valid until the next call.
   * Undefined for everything else, wrong or not, which is for `decode`.
   */
  readSend(data: Incoming): ClientFrameSendReader | undefined;
  /** Reads one WebSocket message. Never throws: what cannot be read is a fault with a code. */
  decode(data: Incoming): Decoded;
  /** A frame with these events, in order. */
  encode(events: readonly Event[]): Outgoing;
  /** The frame with the events of `records` (see lay.ts). */
  encodeRecords(records: Uint8Array<ArrayBuffer>): Outgoing;
}
