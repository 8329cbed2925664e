import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { ClientFrameSendReader } from "../wire/gen/straight_line.ts";
import { memberChannel } from "./member_channel.ts";
import type { Session } from "./session.ts";

const MAX_NONCE_BYTES = 64;

/** Hot: checks a message and puts it into the open batch. */
export function send(session: Session, message: ClientFrameSendReader): void {
  const { log, presence, config, now } = session.services;
  const { request, nonceBegin, nonceEnd, bodyBegin, bodyEnd } = message;
  const channel = memberChannel(session, message.channel);
  if (typeof channel === "number") return session.refused(request, channel);
  if (channel.isArchived) return session.refused(request, ErrorCode.CHANNEL_ARCHIVED);
  if (nonceEnd === nonceBegin || nonceEnd - nonceBegin > MAX_NONCE_BYTES) {
    const text = `The nonce must have 1 to ${MAX_NONCE_BYTES} bytes.`;
    return session.refused(request, ErrorCode.INVALID_ARGUMENT, 0, text);
  }
  if (bodyEnd === bodyBegin) {
    const text = "The body must not be empty.";
    return session.refused(request, ErrorCode.INVALID_ARGUMENT, 0, text);
  }
  if (bodyEnd - bodyBegin > config.bodyBytes) {
    const text = `The body must have at most ${config.bodyBytes} bytes.`;
    return session.refused(request, ErrorCode.BODY_TOO_LARGE, 0, text);
  }
  log.send(session, message, session.user, now());
  presence.sent(channel, session.user);
}

/** Puts a ping into the open batch; it is answered when the batch is done. */
export function ping(session: Session, request: number): void {
  session.services.log.ping(session, request);
}
