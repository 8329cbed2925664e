import { create } from "@bufbuild/protobuf";
import type { Channel } from "../channels/channel.ts";
import { ChannelSchema, type Channel as WireChannel } from "../wire/gen/hubbub/v1/events_pb.ts";

/** A channel as the wire tells of it. */
export function describeChannel(channel: Channel): WireChannel {
  const { id, name, head, gone, memberCount: members, isArchived: archived } = channel;
  return create(ChannelSchema, { id, name, head, first: gone + 1, members, archived });
}
