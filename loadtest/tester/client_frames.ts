/** The frame of a send, of which there are many; other commands are encoded by src/client. */
import type { Subprotocol } from "../../src/client/frames.ts";
import { putVarint, varintBytes } from "../../src/wire/lay.ts";

/** Tags of docs/PROTOCOL.md. */
const FRAME_REQUEST = 0x08;
const FRAME_SEND = 0x12;
const SEND_CHANNEL = 0x08;
const SEND_NONCE = 0x12;
const SEND_BODY = 0x1a;

/**
 * A `ClientFrame` with a `Send`.
 *
 * @param nonce ASCII, at most 64 characters.
 * @param body ASCII.
 */
export function encodeSend(
  subprotocol: Subprotocol,
  request: number,
  channel: number,
  nonce: string,
  body: string,
): Uint8Array | string {
  if (subprotocol === "hubbub.v1.json") {
    return JSON.stringify({ request, send: { channel, nonce, body } });
  }
  const sendBytes =
    1 +
    varintBytes(channel) +
    field(nonce.length) +
    nonce.length +
    field(body.length) +
    body.length;
  const frame = Buffer.allocUnsafe(1 + varintBytes(request) + field(sendBytes) + sendBytes);
  frame[0] = FRAME_REQUEST;
  let at = putVarint(frame, 1, request);
  frame[at] = FRAME_SEND;
  at = putVarint(frame, at + 1, sendBytes);
  frame[at] = SEND_CHANNEL;
  at = putVarint(frame, at + 1, channel);
  at = putAscii(frame, at, SEND_NONCE, nonce);
  putAscii(frame, at, SEND_BODY, body);
  return frame;
}

/** Bytes of a tag and a length. */
function field(length: number): number {
  return 1 + varintBytes(length);
}

function putAscii(frame: Buffer, at: number, tag: number, text: string): number {
  frame[at] = tag;
  const begin = putVarint(frame, at + 1, text.length);
  return begin + frame.write(text, begin, "latin1");
}
