import { create } from "@bufbuild/protobuf";
import type { Channel } from "../channels/channel.ts";
import { ChannelSchema, type Channel as WireChannel } from "../wire/gen/hubbub/v1/events_pb.ts";

/** A channel as the wire tells of it. */
export function describeChannel({ id, name, head, memberCount }: Channel): WireChannel {
  return create(ChannelSchema, { id, name, head, members: memberCount });
}
