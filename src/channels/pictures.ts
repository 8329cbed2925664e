import { create } from "@bufbuild/protobuf";
import {
  MemberSchema,
  type Presence as PresencePicture,
  PresenceSchema,
  type TypingMembers,
  TypingMembersSchema,
  type Member as WireMember,
} from "../wire/gen/hubbub/v1/events_pb.ts";
import type { Channel } from "./channel.ts";
import type { User } from "./user.ts";

/** How many members a picture names; it counts all. */
const MOST_ONLINE = 50;
const MOST_TYPING = 5;

/** Who of a channel is connected now. */
export function presenceOf({ id, online, memberCount }: Channel): PresencePicture {
  return create(PresenceSchema, {
    channel: id,
    online: [...online.values().take(MOST_ONLINE).map(member)],
    onlineCount: online.size,
    memberCount,
  });
}

/** Who is known to be typing in a channel now; nobody is, where nobody watches it. */
export function typingOf({ id, watched }: Channel): TypingMembers {
  const typists = watched?.typing;
  return create(TypingMembersSchema, {
    channel: id,
    typing: [...(typists?.values().take(MOST_TYPING) ?? [])].map(({ user }) => member(user)),
    typingCount: typists?.size ?? 0,
  });
}

function member({ id, name }: User): WireMember {
  return create(MemberSchema, { userId: id, user: name });
}
