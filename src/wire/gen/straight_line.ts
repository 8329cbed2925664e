// Written by proto/plugin/straight_line.ts from the contract. Change that, not this.
// What is hot here is watched by `bun run bench serialization`.
import { copyRange, isText, putDouble, putLength, putText, putVarint, readDouble, readVarint, varintBytes } from "../scalars.ts";

/**
 * Reads `ClientFrame.send` where it lies. Text stays bytes: it is `bytes` from `...Begin` up to
 * `...End`. One reader serves for any number of frames; its fields hold the last one's.
 */
export class ClientFrameSendReader {
  bytes: Uint8Array = new Uint8Array(0);
  request = 0;
  channel = 0;
  nonceBegin = 0;
  nonceEnd = 0;
  bodyBegin = 0;
  bodyEnd = 0;

  /**
   * Hot. Reads what lies in `bytes` from `begin` up to `end`, laid as encoders lay it: fields in the
   * order of their numbers, each once, in as few bytes as can be. Returns false for anything else,
   * right or wrong, which is left to the general decoder; the fields mean nothing then.
   */
  read(bytes: Uint8Array, begin: number, end: number): boolean {
    let at = begin;
    let varint = 0;
    this.bytes = bytes;
    // ClientFrame.request
    this.request = 0;
    if (at < end && bytes[at] === 0x08) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      this.request = varint;
      at += 1 + varintBytes(varint);
    }
    // ClientFrame.send
    if (at >= end || bytes[at] !== 0x12) return false;
    varint = readVarint(bytes, at + 1);
    at += 1 + varintBytes(varint);
    if (varint < 0 || at + varint !== end) return false;
    // Send.channel
    this.channel = 0;
    if (at < end && bytes[at] === 0x08) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      this.channel = varint;
      at += 1 + varintBytes(varint);
    }
    // Send.nonce
    this.nonceBegin = this.nonceEnd = at;
    if (at < end && bytes[at] === 0x12) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      at += 1 + varintBytes(varint);
      if (at + varint > end || !isText(bytes, at, at + varint)) return false;
      this.nonceBegin = at;
      at += varint;
      this.nonceEnd = at;
    }
    // Send.body
    this.bodyBegin = this.bodyEnd = at;
    if (at < end && bytes[at] === 0x1a) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      at += 1 + varintBytes(varint);
      if (at + varint > end || !isText(bytes, at, at + varint)) return false;
      this.bodyBegin = at;
      at += varint;
      this.bodyEnd = at;
    }
    return at === end;
  }
}

/**
 * Reads `Event.message` where it lies. Text stays bytes: it is `bytes` from `...Begin` up to
 * `...End`. One reader serves for any number of frames; its fields hold the last one's.
 */
export class EventMessageReader {
  bytes: Uint8Array = new Uint8Array(0);
  request = 0;
  seq = 0;
  channel = 0;
  authorId = 0;
  authorBegin = 0;
  authorEnd = 0;
  timeMs = 0;
  bodyBegin = 0;
  bodyEnd = 0;

  /**
   * Hot. Reads what lies in `bytes` from `begin` up to `end`, laid as encoders lay it: fields in the
   * order of their numbers, each once, in as few bytes as can be. Returns false for anything else,
   * right or wrong, which is left to the general decoder; the fields mean nothing then.
   */
  read(bytes: Uint8Array, begin: number, end: number): boolean {
    let at = begin;
    let varint = 0;
    this.bytes = bytes;
    // Event.request
    this.request = 0;
    if (at < end && bytes[at] === 0x08) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      this.request = varint;
      at += 1 + varintBytes(varint);
    }
    // Event.message
    if (at >= end || bytes[at] !== 0x12) return false;
    varint = readVarint(bytes, at + 1);
    at += 1 + varintBytes(varint);
    if (varint < 0 || at + varint !== end) return false;
    // Message.seq
    this.seq = 0;
    if (at < end && bytes[at] === 0x08) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      this.seq = varint;
      at += 1 + varintBytes(varint);
    }
    // Message.channel
    this.channel = 0;
    if (at < end && bytes[at] === 0x10) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      this.channel = varint;
      at += 1 + varintBytes(varint);
    }
    // Message.author_id
    this.authorId = 0;
    if (at < end && bytes[at] === 0x18) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      this.authorId = varint;
      at += 1 + varintBytes(varint);
    }
    // Message.author
    this.authorBegin = this.authorEnd = at;
    if (at < end && bytes[at] === 0x22) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      at += 1 + varintBytes(varint);
      if (at + varint > end || !isText(bytes, at, at + varint)) return false;
      this.authorBegin = at;
      at += varint;
      this.authorEnd = at;
    }
    // Message.time_ms
    this.timeMs = 0;
    if (at < end && bytes[at] === 0x29) {
      this.timeMs = readDouble(bytes, at + 1);
      at += 9;
    }
    // Message.body
    this.bodyBegin = this.bodyEnd = at;
    if (at < end && bytes[at] === 0x32) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      at += 1 + varintBytes(varint);
      if (at + varint > end || !isText(bytes, at, at + varint)) return false;
      this.bodyBegin = at;
      at += varint;
      this.bodyEnd = at;
    }
    return at === end;
  }
}

/**
 * Reads `Event.sent` where it lies. Text stays bytes: it is `bytes` from `...Begin` up to
 * `...End`. One reader serves for any number of frames; its fields hold the last one's.
 */
export class EventSentReader {
  bytes: Uint8Array = new Uint8Array(0);
  request = 0;
  channel = 0;
  seq = 0;
  timeMs = 0;
  duplicate = false;

  /**
   * Hot. Reads what lies in `bytes` from `begin` up to `end`, laid as encoders lay it: fields in the
   * order of their numbers, each once, in as few bytes as can be. Returns false for anything else,
   * right or wrong, which is left to the general decoder; the fields mean nothing then.
   */
  read(bytes: Uint8Array, begin: number, end: number): boolean {
    let at = begin;
    let varint = 0;
    this.bytes = bytes;
    // Event.request
    this.request = 0;
    if (at < end && bytes[at] === 0x08) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      this.request = varint;
      at += 1 + varintBytes(varint);
    }
    // Event.sent
    if (at >= end || bytes[at] !== 0x1a) return false;
    varint = readVarint(bytes, at + 1);
    at += 1 + varintBytes(varint);
    if (varint < 0 || at + varint !== end) return false;
    // Sent.channel
    this.channel = 0;
    if (at < end && bytes[at] === 0x08) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      this.channel = varint;
      at += 1 + varintBytes(varint);
    }
    // Sent.seq
    this.seq = 0;
    if (at < end && bytes[at] === 0x10) {
      varint = readVarint(bytes, at + 1);
      if (varint < 0) return false;
      this.seq = varint;
      at += 1 + varintBytes(varint);
    }
    // Sent.time_ms
    this.timeMs = 0;
    if (at < end && bytes[at] === 0x19) {
      this.timeMs = readDouble(bytes, at + 1);
      at += 9;
    }
    // Sent.duplicate
    this.duplicate = false;
    if (at < end && bytes[at] === 0x20) {
      if (bytes[at + 1] !== 1) return false;
      this.duplicate = true;
      at += 2;
    }
    return at === end;
  }
}

/**
 * Hot. Writes `ClientFrame.send` at `at`, where there must be room; returns the place after it.
 */
export function putClientFrameSend(
  into: Buffer,
  at: number,
  request: number,
  channel: number,
  nonce: string,
  body: string,
): number {
  const sendEstimate =
    (channel === 0 ? 0 : 1 + varintBytes(channel)) +
    (nonce.length === 0 ? 0 : 1 + varintBytes(nonce.length) + nonce.length) +
    (body.length === 0 ? 0 : 1 + varintBytes(body.length) + body.length);
  let place = at;
  if (request !== 0) {
    into[place] = 0x08;
    place = putVarint(into, place + 1, request);
  }
  into[place] = 0x12;
  const sendAt = place + 1;
  const sendReserved = varintBytes(sendEstimate);
  place = sendAt + sendReserved;
  if (channel !== 0) {
    into[place] = 0x08;
    place = putVarint(into, place + 1, channel);
  }
  if (nonce.length > 0) {
    into[place] = 0x12;
    place = putText(into, place + 1, nonce);
  }
  if (body.length > 0) {
    into[place] = 0x1a;
    place = putText(into, place + 1, body);
  }
  place = putLength(into, sendAt, sendReserved, place);
  return place;
}

/**
 * Hot. Writes `ServerFrame.events.sent` at `at`, where there must be room; returns the place after it.
 */
export function putServerFrameEventsSent(
  into: Uint8Array,
  at: number,
  request: number,
  channel: number,
  seq: number,
  timeMs: number,
  duplicate: boolean,
): number {
  const sentLength =
    (channel === 0 ? 0 : 1 + varintBytes(channel)) +
    (seq === 0 ? 0 : 1 + varintBytes(seq)) +
    (Object.is(timeMs, 0) ? 0 : 9) +
    (duplicate ? 2 : 0);
  const eventsLength =
    (request === 0 ? 0 : 1 + varintBytes(request)) +
    1 + varintBytes(sentLength) + sentLength;
  let place = at;
  into[place] = 0x0a;
  place = putVarint(into, place + 1, eventsLength);
  if (request !== 0) {
    into[place] = 0x08;
    place = putVarint(into, place + 1, request);
  }
  into[place] = 0x1a;
  place = putVarint(into, place + 1, sentLength);
  if (channel !== 0) {
    into[place] = 0x08;
    place = putVarint(into, place + 1, channel);
  }
  if (seq !== 0) {
    into[place] = 0x10;
    place = putVarint(into, place + 1, seq);
  }
  if (!Object.is(timeMs, 0)) {
    into[place] = 0x19;
    place = putDouble(into, place + 1, timeMs);
  }
  if (duplicate) {
    into[place] = 0x20;
    into[place + 1] = 1;
    place += 2;
  }
  return place;
}

/**
 * Hot. Writes `Message` at `at`, where there must be room; returns the place after it.
 * Text is UTF-8 already: `...Begin` up to `...End` of `...Bytes`.
 */
export function putMessage(
  into: Uint8Array,
  at: number,
  seq: number,
  channel: number,
  authorId: number,
  authorBytes: Uint8Array,
  authorBegin: number,
  authorEnd: number,
  timeMs: number,
  bodyBytes: Uint8Array,
  bodyBegin: number,
  bodyEnd: number,
): number {
  const authorLength = authorEnd - authorBegin;
  const bodyLength = bodyEnd - bodyBegin;
  let place = at;
  if (seq !== 0) {
    into[place] = 0x08;
    place = putVarint(into, place + 1, seq);
  }
  if (channel !== 0) {
    into[place] = 0x10;
    place = putVarint(into, place + 1, channel);
  }
  if (authorId !== 0) {
    into[place] = 0x18;
    place = putVarint(into, place + 1, authorId);
  }
  if (authorLength > 0) {
    into[place] = 0x22;
    place = putVarint(into, place + 1, authorLength);
    place = copyRange(authorBytes, authorBegin, authorEnd, into, place);
  }
  if (!Object.is(timeMs, 0)) {
    into[place] = 0x29;
    place = putDouble(into, place + 1, timeMs);
  }
  if (bodyLength > 0) {
    into[place] = 0x32;
    place = putVarint(into, place + 1, bodyLength);
    place = copyRange(bodyBytes, bodyBegin, bodyEnd, into, place);
  }
  return place;
}

export const SERVER_FRAME_EVENTS_TAG = 0x0a;

export const EVENT_MESSAGE_TAG = 0x12;

export const MESSAGE_SEQ_TAG = 0x08;
