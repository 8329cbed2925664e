import { create, toBinary } from "@bufbuild/protobuf";
import type { Send } from "../wire/gen/hubbub/v1/commands_pb.ts";
import { ErrorCode, MessageSchema } from "../wire/gen/hubbub/v1/events_pb.ts";
import { memberChannel } from "./member_channel.ts";
import type { Session } from "./session.ts";

export const MAX_NONCE_BYTES = 64;

/** Hot: checks a message, encodes all of it but its number, and puts it into the open batch. */
export function send(session: Session, request: number, { channel: id, nonce, body }: Send): void {
  const { log, config, now } = session.services;
  const channel = memberChannel(session, id);
  if (typeof channel === "number") return session.refused(request, channel);
  if (nonce === "" || Buffer.byteLength(nonce) > MAX_NONCE_BYTES) {
    const text = `The nonce must have 1 to ${MAX_NONCE_BYTES} bytes.`;
    return session.refused(request, ErrorCode.INVALID_ARGUMENT, 0, text);
  }
  if (body === "") {
    const text = "The body must not be empty.";
    return session.refused(request, ErrorCode.INVALID_ARGUMENT, 0, text);
  }
  if (Buffer.byteLength(body) > config.bodyBytes) {
    const text = `The body must have at most ${config.bodyBytes} bytes.`;
    return session.refused(request, ErrorCode.BODY_TOO_LARGE, 0, text);
  }
  const timeMs = now();
  const { id: authorId, name: author } = session.user;
  const message = create(MessageSchema, { channel: id, authorId, author, timeMs, body });
  const rest = toBinary(MessageSchema, message);
  log.send(session, request, id, authorId, nonce, rest, timeMs);
}

/** Puts a ping into the open batch; it is answered when the batch is done. */
export function ping(session: Session, request: number): void {
  session.services.log.ping(session, request);
}
