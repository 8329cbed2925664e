/**
 * Reading `ServerFrame`s as fast as JavaScript can: messages and acknowledgements, of which there
 * are millions, are taken from the bytes where they lie; every other event is left to protobuf-es.
 * A test compares this walk with protobuf-es on random frames.
 */
import { fromBinary, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { readStamp, readStampOfText } from "./stamp.ts";

/** Where the events of a frame go, in order. */
export interface EventSink {
  /** A message; `dueUs` is 0 where its body has no stamp. */
  message(channel: number, seq: number, dueUs: number): void;
  /** An acknowledgement of a send. */
  sent(request: number, channel: number, seq: number): void;
  /** Any other event. */
  event(event: Event): void;
}

/** Tags of docs/PROTOCOL.md: field number times 8, plus the wire type. */
const FRAME_EVENTS = 0x0a;
const EVENT_REQUEST = 0x08;
const EVENT_MESSAGE = 0x12;
const EVENT_SENT = 0x1a;
const MESSAGE_BODY = 0x32;
const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;
/** Field numbers. A `Sent` has its channel where a `Message` has its number, and the reverse. */
const FIRST = 1;
const SECOND = 2;

/**
 * The place after the varint that was read last. JavaScript returns one value, and an object per
 * field would cost more than all the rest.
 */
let place = 0;

function varint(bytes: Uint8Array, at: number): number {
  let byte = bytes[at] as number;
  if (byte < 0x80) {
    place = at + 1;
    return byte;
  }
  let value = byte & 0x7f;
  let scale = 0x80;
  let next = at + 1;
  do {
    byte = bytes[next++] as number;
    value += (byte & 0x7f) * scale;
    scale *= 0x80;
  } while (byte >= 0x80);
  place = next;
  return value;
}

/**
 * Hot. Walks over the binary frame that lies in `bytes` from `from` up to `to`.
 *
 * @throws when it is no ServerFrame.
 */
export function walkFrame(bytes: Uint8Array, from: number, to: number, sink: EventSink): void {
  let at = from;
  while (at < to) {
    if (bytes[at] !== FRAME_EVENTS) {
      // A field that this version of the protocol does not have.
      at = skipField(bytes, at);
      continue;
    }
    const length = varint(bytes, at + 1);
    const begin = place;
    const end = begin + length;
    if (end > to) throw new Error("a server frame ends in the middle of an event");
    const tag = bytes[begin];
    if (tag === EVENT_MESSAGE) walkMessage(bytes, begin, sink);
    else if (tag !== EVENT_REQUEST || !walkSent(bytes, begin, end, sink)) {
      sink.event(fromBinary(EventSchema, bytes.subarray(begin, end)));
    }
    at = end;
  }
}

/** @param at the tag of `Event.message`. */
function walkMessage(bytes: Uint8Array, at: number, sink: EventSink): void {
  const length = varint(bytes, at + 1);
  let next = place;
  const end = next + length;
  let seq = 0;
  let channel = 0;
  let dueUs = 0;
  while (next < end) {
    const tag = bytes[next] as number;
    if (tag === MESSAGE_BODY) {
      const bodyLength = varint(bytes, next + 1);
      dueUs = readStamp(bytes, place, place + bodyLength);
      next = place + bodyLength;
    } else if (tag === FIRST << 3) {
      seq = varint(bytes, next + 1);
      next = place;
    } else if (tag === SECOND << 3) {
      channel = varint(bytes, next + 1);
      next = place;
    } else next = skipField(bytes, next);
  }
  sink.message(channel, seq, dueUs);
}

/** Returns false, having done nothing, where the event is none of `sent`. */
function walkSent(bytes: Uint8Array, at: number, end: number, sink: EventSink): boolean {
  const request = varint(bytes, at + 1);
  if (bytes[place] !== EVENT_SENT || place >= end) return false;
  const length = varint(bytes, place + 1);
  let next = place;
  const last = next + length;
  let channel = 0;
  let seq = 0;
  while (next < last) {
    const tag = bytes[next] as number;
    if (tag === FIRST << 3) {
      channel = varint(bytes, next + 1);
      next = place;
    } else if (tag === SECOND << 3) {
      seq = varint(bytes, next + 1);
      next = place;
    } else next = skipField(bytes, next);
  }
  sink.sent(request, channel, seq);
  return true;
}

/** The place after the field whose tag is at `at`. */
function skipField(bytes: Uint8Array, at: number): number {
  const wireType = varint(bytes, at) & 7;
  if (wireType === FIXED_64) return place + 8;
  if (wireType === FIXED_32) return place + 4;
  if (wireType === VARINT) {
    varint(bytes, place);
    return place;
  }
  if (wireType !== LENGTH_DELIMITED) throw new Error("a server frame has a field of no known kind");
  const length = varint(bytes, place);
  return place + length;
}

interface JsonEvent {
  readonly request?: number;
  readonly message?: { readonly channel?: number; readonly seq?: number; readonly body?: string };
  readonly sent?: { readonly channel?: number; readonly seq?: number };
}

/** The same for a frame in JSON. */
export function walkJsonFrame(text: string, sink: EventSink): void {
  const { events = [] } = JSON.parse(text) as { events?: JsonEvent[] };
  for (const event of events) {
    const { request = 0, message, sent } = event;
    if (message) {
      const { channel = 0, seq = 0, body = "" } = message;
      sink.message(channel, seq, readStampOfText(body));
    } else if (sent) sink.sent(request, sent.channel ?? 0, sent.seq ?? 0);
    else sink.event(fromJson(EventSchema, event as JsonValue, { ignoreUnknownFields: true }));
  }
}
