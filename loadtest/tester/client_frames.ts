/** The frame of a send, of which there are many; other commands are encoded by src/client. */
import type { Subprotocol } from "../../src/client/frames.ts";
import { putClientFrameSend } from "../../src/wire/gen/straight_line.ts";

/** What a send takes beside its text: tags, lengths, two numbers. */
const MOST_BESIDE_TEXT_BYTES = 32;

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
  const frame = Buffer.allocUnsafe(MOST_BESIDE_TEXT_BYTES + nonce.length + body.length);
  return frame.subarray(0, putClientFrameSend(frame, 0, request, channel, nonce, body));
}
