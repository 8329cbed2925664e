import { create } from "@bufbuild/protobuf";
import type { Channel } from "../channels/channel.ts";
import type { Join, Leave } from "../wire/gen/hubbub/v1/commands_pb.ts";
import { ErrorCode, JoinedSchema, LeftSchema } from "../wire/gen/hubbub/v1/events_pb.ts";
import { channelNamePattern } from "../wire/names.ts";
import { describeChannel } from "./describe.ts";
import type { Session } from "./session.ts";

/** Joins a channel by name, creating it if there is none. */
export async function join(session: Session, request: number, { name }: Join): Promise<void> {
  if (!channelNamePattern.test(name)) {
    const text =
      "The name must have 1 to 64 characters, each a letter, a digit, or one of _ - and .";
    return session.refused(request, ErrorCode.INVALID_ARGUMENT, 0, text);
  }
  const { channels, membership, budgets, clockMs } = session.services;
  const { newChannels } = budgets.of(session.identity.accountId);
  const isNew = channels.named(name) === undefined;
  if (isNew) {
    const waitMs = newChannels.take(clockMs());
    if (waitMs > 0) return session.limited(request, ErrorCode.RATE_LIMITED, waitMs);
  }
  let channel: Channel | ErrorCode | undefined;
  try {
    channel = await membership.join(session.user, name, session);
  } finally {
    const isMade = typeof channel === "object";
    if (isNew && !isMade) newChannels.giveBack();
  }
  if (typeof channel === "number") return session.refused(request, channel);
  if (!session.isOpen) return;
  // The user may have been in it already, or have left it again by another connection.
  if (session.user.channels.has(channel.id)) session.live.begin(channel);
  const value = create(JoinedSchema, { channel: describeChannel(channel) });
  session.answer(request, { case: "joined", value });
}

/** Leaves a channel. */
export function leave(session: Session, request: number, { channel: id }: Leave): void {
  const channel = session.services.membership.leave(session.user, id, session);
  if (typeof channel === "number") return session.refused(request, channel);
  const value = create(LeftSchema, { channel: id });
  session.answer(request, { case: "left", value });
}
