import { create } from "@bufbuild/protobuf";
import { presenceOf, typingOf } from "../channels/pictures.ts";
import type { Typing, Watch } from "../wire/gen/hubbub/v1/commands_pb.ts";
import { ErrorCode, WatchingSchema } from "../wire/gen/hubbub/v1/events_pb.ts";
import { memberChannel } from "./member_channel.ts";
import type { Session } from "./session.ts";

/** As many as somebody can look at. */
const MOST_WATCHED = 4;

/** Watches who is online and who is typing in some channels, and no longer in others. */
export function watch(session: Session, request: number, { channels: ids }: Watch): void {
  if (ids.length > MOST_WATCHED) {
    const text = `At most ${MOST_WATCHED} channels can be watched.`;
    return session.refused(request, ErrorCode.INVALID_ARGUMENT, 0, text);
  }
  const channels = new Set(ids.flatMap((id) => session.user.channels.get(id) ?? []));
  session.watches.set(channels);
  const value = create(WatchingSchema, {
    presence: Array.from(channels, presenceOf),
    typing: Array.from(channels, typingOf).filter(({ typingCount }) => typingCount > 0),
  });
  session.answer(request, { case: "watching", value });
}

/** Tells those who watch the channel that the user is typing. */
export function typing(session: Session, request: number, { channel: id }: Typing): void {
  const channel = memberChannel(session, id);
  if (typeof channel === "number") return session.refused(request, channel);
  session.services.presence.typed(channel, session.user);
  session.answer(request, { case: "typing", value: typingOf(channel) });
}
