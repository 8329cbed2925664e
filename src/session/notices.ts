import { create } from "@bufbuild/protobuf";
import type { Channel } from "../channels/channel.ts";
import type { Notice } from "../store/notices.ts";
import { ChannelChangedSchema, MessageDeletedSchema } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { Event } from "../wire/gen/hubbub/v1/frames_pb.ts";
import { isDeleted } from "../wire/tombstone.ts";
import { describeChannel } from "./describe.ts";
import type { Services } from "./services.ts";
import type { Sessions } from "./sessions.ts";

type Needed = Pick<Services, "channels" | "membership" | "ring"> & {
  readonly sessions: Pick<Sessions, "tellMembers">;
};

/**
 * Does in memory what commands have done to the file, and tells the members who are connected. Call it
 * while nothing is being delivered: then everybody has been shown what is spoken of.
 *
 * @returns how many of the notices were carried out. One of a message that the file has, but that has not
 * been delivered yet, waits for that, and so do those behind it.
 */
export function carryOutNotices(needed: Needed, notices: readonly Notice[]): number {
  const { channels, membership, ring } = needed;
  const deleted = new Map<Channel, number[]>();
  let count = 0;
  for (const notice of notices) {
    const channel = channels.get(notice.channel);
    if (notice.kind === "message" && channel !== undefined && notice.seq > channel.head) break;
    count += 1;
    if (channel === undefined) continue;
    if (notice.kind === "channel") changeChannel(needed, channel, notice);
    else if (notice.kind === "member") membership.erased(notice.account, channel.id);
    else {
      // Also where it is gone by now: it may have been written again before that.
      channel.rewrites += 1;
      if (notice.encoded === null) continue;
      ring.replace(channel.id, notice.seq, notice.encoded);
      if (!isDeleted(notice.encoded)) continue;
      deleted.set(channel, [...(deleted.get(channel) ?? []), notice.seq]);
    }
  }
  for (const [channel, seqs] of deleted) tellDeleted(needed, channel, seqs);
  return count;
}

function changeChannel(
  { channels, membership, ring, sessions }: Needed,
  channel: Channel,
  { name, isArchived, isDeleted }: Extract<Notice, { kind: "channel" }>,
): void {
  if (isDeleted) {
    // First, so that nobody who comes meanwhile gets in.
    channels.remove(channel);
    membership.dissolve(channel);
    ring.forget(channel.id);
    return;
  }
  if (channel.name === name && channel.isArchived === isArchived) return;
  channels.rename(channel, name);
  channel.isArchived = isArchived;
  const value = create(ChannelChangedSchema, { channel: describeChannel(channel) });
  sessions.tellMembers(channel, { case: "channelChanged", value });
}

function tellDeleted({ sessions }: Needed, channel: Channel, seqs: readonly number[]): void {
  const inOrder = [...new Set(seqs)].sort((one, other) => one - other);
  const value = create(MessageDeletedSchema, { channel: channel.id, seqs: inOrder });
  const event: Event["event"] = { case: "messageDeleted", value };
  sessions.tellMembers(channel, event);
}
