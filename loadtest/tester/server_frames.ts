/**
 * Reading `ServerFrame`s as fast as JavaScript can: messages and acknowledgements, of which there
 * are millions, are taken from the bytes where they lie; every other event is left to protobuf-es.
 * A test compares this walk with protobuf-es on random frames.
 */
import { fromBinary, fromJson, type JsonValue } from "@bufbuild/protobuf";
import {
  type Event,
  EventSchema,
  ServerFrameSchema,
} from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import {
  EventMessageReader,
  EventSentReader,
  SERVER_FRAME_EVENTS_TAG,
} from "../../src/wire/gen/straight_line.ts";
import { readVarint, varintBytes } from "../../src/wire/scalars.ts";
import type { KnownFrames, Run } from "./known_frames.ts";
import { readStamp, readStampOfText } from "./stamp.ts";

/** Where the events of a frame go, in order. */
export interface EventSink {
  /** A message; `dueUs` is 0 where its body has no stamp. */
  message(channel: number, seq: number, dueUs: number): void;
  /** A frame of messages that have been read before, for another receiver. */
  run(run: Run): void;
  /** An acknowledgement of a send. */
  sent(request: number, channel: number, seq: number): void;
  /** Any other event. */
  event(event: Event): void;
}

/** One of each for all frames: what was read is used at once. */
const message = new EventMessageReader();
const sent = new EventSentReader();

/**
 * Hot. Walks over the binary frame that lies in `bytes` from `from` up to `to`.
 *
 * @param known frames that need not be read again; this one joins them where it can.
 * @throws when it is no ServerFrame.
 */
export function walkFrame(
  bytes: Uint8Array,
  from: number,
  to: number,
  known: KnownFrames,
  sink: EventSink,
): void {
  const before = known.find(bytes, from, to);
  if (before !== undefined) return sink.run(before);
  const dueUs: number[] = [];
  let channel = 0;
  let first = 0;
  let isRun = true;
  for (let at = from; at < to; ) {
    const length = bytes[at] === SERVER_FRAME_EVENTS_TAG ? readVarint(bytes, at + 1) : -1;
    const begin = at + 1 + varintBytes(length);
    const end = begin + length;
    // A field that this version of the protocol does not have, or a broken frame.
    if (length < 0 || end > to) return walkRest(bytes.subarray(at, to), sink);
    if (message.read(bytes, begin, end) && message.request === 0) {
      if (dueUs.length === 0) ({ channel, seq: first } = message);
      isRun &&= message.channel === channel && message.seq === first + dueUs.length;
      dueUs.push(readStamp(bytes, message.bodyBegin, message.bodyEnd));
      sink.message(message.channel, message.seq, dueUs.at(-1) as number);
    } else {
      isRun = false;
      if (sent.read(bytes, begin, end)) sink.sent(sent.request, sent.channel, sent.seq);
      else tell(fromBinary(EventSchema, bytes.subarray(begin, end)), sink);
    }
    at = end;
  }
  if (isRun && first > 0)
    known.keep(bytes, from, to, { channel, first, count: dueUs.length, dueUs });
}

function walkRest(rest: Uint8Array, sink: EventSink): void {
  for (const event of fromBinary(ServerFrameSchema, rest).events) tell(event, sink);
}

function tell(whole: Event, sink: EventSink): void {
  const { request, event } = whole;
  if (event.case === "message" && request === 0) {
    const { channel, seq, body } = event.value;
    sink.message(channel, seq, readStampOfText(body));
  } else if (event.case === "sent") sink.sent(request, event.value.channel, event.value.seq);
  else sink.event(whole);
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
