import { create, fromBinary } from "@bufbuild/protobuf";
import type { ReadHistory } from "../wire/gen/hubbub/v1/commands_pb.ts";
import { HistoryPageSchema, type Message } from "../wire/gen/hubbub/v1/events_pb.ts";
import { ServerFrameSchema } from "../wire/gen/hubbub/v1/frames_pb.ts";
import { memberChannel, pageLimit } from "./member_channel.ts";
import type { Session } from "./session.ts";

/** A page of a channel's history. Only what has been delivered, or is being delivered, is shown. */
export function readHistory(
  session: Session,
  request: number,
  command: ReadHistory,
): Promise<void> {
  return session.inTurn(() => sendPage(session, request, command));
}

async function sendPage(
  session: Session,
  request: number,
  { channel: id, from, limit: asked }: ReadHistory,
): Promise<void> {
  if (!session.isOpen) return;
  const channel = memberChannel(session, id);
  if (typeof channel === "number") return session.refused(request, channel);
  const { history } = session.services;
  const limit = pageLimit(session, asked);
  const { head } = channel;
  const end = head + 1;
  const page =
    from.case === "after"
      ? await history.after(id, from.value, head, limit)
      : await history.before(id, Math.min(from.value || end, end), limit);
  const value = create(HistoryPageSchema, {
    channel: id,
    messages: messagesOf(page.records),
    head,
    more: page.more,
    // More may have gone than had come when the head was looked at.
    first: Math.min(page.gone + 1, end),
  });
  session.answer(request, { case: "historyPage", value });
}

function messagesOf(records: Uint8Array): Message[] {
  return fromBinary(ServerFrameSchema, records).events.flatMap(({ event }) =>
    event.case === "message" ? [event.value] : [],
  );
}
