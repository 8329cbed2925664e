import { create } from "@bufbuild/protobuf";
import type { ListChannels, ListMembers } from "../wire/gen/hubbub/v1/commands_pb.ts";
import {
  ChannelListSchema,
  MemberListSchema,
  MemberSchema,
} from "../wire/gen/hubbub/v1/events_pb.ts";
import { describeChannel } from "./describe.ts";
import { memberChannel, pageLimit } from "./member_channel.ts";
import type { Session } from "./session.ts";

/** A page of the server's channels. */
export function listChannels(
  session: Session,
  request: number,
  { after, limit }: ListChannels,
): void {
  const page = session.services.channels.page(after, pageLimit(session, limit));
  const value = create(ChannelListSchema, {
    channels: page.channels.map(describeChannel),
    more: page.more,
  });
  session.answer(request, { case: "channelList", value });
}

/** The members of a channel who are connected. */
export function listMembers(
  session: Session,
  request: number,
  { channel: id, limit }: ListMembers,
): void {
  const channel = memberChannel(session, id);
  if (typeof channel === "number") return session.refused(request, channel);
  const users = channel.online.values().take(pageLimit(session, limit));
  const value = create(MemberListSchema, {
    channel: id,
    online: [...users.map((user) => create(MemberSchema, { userId: user.id, user: user.name }))],
    onlineCount: channel.online.size,
    memberCount: channel.memberCount,
  });
  session.answer(request, { case: "memberList", value });
}
