import type { Send } from "./gen/hubbub/v1/commands_pb.ts";
import { ClientFrameSendReader } from "./gen/straight_line.ts";

const utf8 = new TextEncoder();

/** A send that was decoded otherwise (from JSON, say), as if it had been read where it lay. */
export function incomingSend(
  request: number,
  { channel, nonce, body }: Pick<Send, "channel" | "nonce" | "body">,
): ClientFrameSendReader {
  const send = new ClientFrameSendReader();
  const nonceBytes = utf8.encode(nonce);
  const bodyBytes = utf8.encode(body);
  send.bytes = new Uint8Array(nonceBytes.length + bodyBytes.length);
  send.bytes.set(nonceBytes);
  send.bytes.set(bodyBytes, nonceBytes.length);
  send.request = request;
  send.channel = channel;
  send.nonceEnd = send.bodyBegin = nonceBytes.length;
  send.bodyEnd = send.bytes.length;
  return send;
}
