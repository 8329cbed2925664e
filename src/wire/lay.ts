/**
 * Laying protobuf bytes end to end. A *record* is one event as it stands in a `ServerFrame`: the
 * field's tag, the length, the encoded `Event`. Any number of records in a row is a `ServerFrame`
 * (protobuf encoding, "Last One Wins" and repeated fields), so a batch is packed without encoding
 * anything twice.
 */
import {
  EVENT_MESSAGE_TAG,
  MESSAGE_SEQ_TAG,
  SERVER_FRAME_EVENTS_TAG,
} from "./gen/straight_line.ts";
import { putVarint, varintBytes } from "./scalars.ts";

/** Bytes of an encoded `Message` that has `restBytes` bytes besides its number. */
export function messageBytes(seq: number, restBytes: number): number {
  return 1 + varintBytes(seq) + restBytes;
}

/**
 * Writes an encoded `Message`: its number, then `rest`, the encoding of all its other fields. As
 * the number is field 1, the bytes are the same as if the message had been encoded whole.
 */
export function putNumbered(into: Uint8Array, at: number, seq: number, rest: Uint8Array): number {
  into[at] = MESSAGE_SEQ_TAG;
  const place = putVarint(into, at + 1, seq);
  into.set(rest, place);
  return place + rest.length;
}

/** Bytes of the record around an encoded `Event` of `length` bytes. */
export function eventRecordBytes(length: number): number {
  return 1 + varintBytes(length) + length;
}

/** Writes the record around an encoded `Event`; returns the place after it. */
export function putEventRecord(into: Uint8Array, at: number, event: Uint8Array): number {
  into[at] = SERVER_FRAME_EVENTS_TAG;
  const place = putVarint(into, at + 1, event.length);
  into.set(event, place);
  return place + event.length;
}

/** Bytes of the record around an encoded `Message` of `length` bytes. */
export function messageRecordBytes(length: number): number {
  return eventRecordBytes(1 + varintBytes(length) + length);
}

/** Writes the record around an encoded `Message`; returns the place after it. */
export function putMessageRecord(into: Uint8Array, at: number, message: Uint8Array): number {
  const eventBytes = 1 + varintBytes(message.length) + message.length;
  into[at] = SERVER_FRAME_EVENTS_TAG;
  let place = putVarint(into, at + 1, eventBytes);
  into[place] = EVENT_MESSAGE_TAG;
  place = putVarint(into, place + 1, message.length);
  into.set(message, place);
  return place + message.length;
}

/** Lays encoded messages end to end as one `ServerFrame`. */
export function layMessageRecords(messages: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let bytes = 0;
  for (const message of messages) bytes += messageRecordBytes(message.length);
  const out = new Uint8Array(bytes);
  let at = 0;
  for (const message of messages) at = putMessageRecord(out, at, message);
  return out;
}

/** The place after the record that begins at `at`. The bytes must be records laid end to end. */
export function recordEnd(records: Uint8Array, at: number): number {
  let place = at + 1;
  let length = 0;
  let shift = 0;
  for (;;) {
    const byte = records[place++];
    if (byte === undefined) throw new Error("wire/lay: a record ends in the middle of its length");
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return place + length;
    shift += 7;
  }
}
