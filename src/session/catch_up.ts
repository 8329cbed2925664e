import { create } from "@bufbuild/protobuf";
import type { Channel } from "../channels/channel.ts";
import type { Resume } from "../wire/gen/hubbub/v1/commands_pb.ts";
import {
  ErrorCode,
  HistoryBeginsSchema,
  type RefusedCursor,
  RefusedCursorSchema,
  Resumed_CursorSchema,
  ResumedSchema,
} from "../wire/gen/hubbub/v1/events_pb.ts";
import type { CatchUp } from "./live.ts";
import { memberChannel } from "./member_channel.ts";
import type { Session } from "./session.ts";

/** Cursors that every server takes in one command; more, if a user may be in more channels. */
const LEAST_CURSORS = 64;

/** Bytes of recent messages in one frame of a catch-up. */
const FRAME_BYTES = 64 * 1024;

/**
 * Begins delivery: first what was missed after each cursor, then live. Channels without a cursor
 * that have not begun go live at once.
 *
 * All channels with a cursor stop being live before the first page is sent, so that nothing comes
 * out of order whatever is sent meanwhile.
 */
export async function resume(session: Session, request: number, command: Resume): Promise<void> {
  const { live, user } = session;
  const most = Math.max(LEAST_CURSORS, session.services.config.channelsPerUser);
  if (command.cursors.length > most) {
    const text = `There may be at most ${most} cursors in one resume.`;
    return session.refused(request, ErrorCode.INVALID_ARGUMENT, 0, text);
  }
  const refused: RefusedCursor[] = [];
  const catchUps: { catchUp: CatchUp; after: number }[] = [];

  // The last cursor of a channel counts.
  const named = new Map(command.cursors.map((cursor) => [cursor.channel, cursor.after]));
  for (const [id, after] of named) {
    const channel = memberChannel(session, id);
    if (typeof channel === "number") {
      refused.push(create(RefusedCursorSchema, { channel: id, code: channel }));
    } else if (after > channel.head) {
      live.end(channel);
      const code = ErrorCode.CURSOR_AHEAD;
      refused.push(create(RefusedCursorSchema, { channel: id, code }));
    } else {
      catchUps.push({ catchUp: live.beginCatchUp(channel), after });
    }
  }
  for (const channel of user.channels.values()) if (!named.has(channel.id)) live.begin(channel);
  try {
    for (const { catchUp, after } of catchUps) await catchUpWith(session, catchUp, after);
  } catch (error) {
    // The client is told, and begins again; meanwhile nothing of what is left is delivered.
    for (const { catchUp } of catchUps) live.abandon(catchUp);
    throw error;
  }
  await session.services.delivery.over();
  if (!session.isOpen) return;
  // Told as it is now: channels may have been left meanwhile, or be another resume's to tell of,
  // and what is live has been delivered up to its head.
  const cursors = [...user.channels.values()]
    .filter((channel) => live.isLive(channel))
    .map((channel) => create(Resumed_CursorSchema, { channel: channel.id, after: channel.head }));
  const value = create(ResumedSchema, { cursors, refused });
  session.answer(request, { case: "resumed", value });
}

/**
 * Sends everything after `after` and goes live.
 *
 * Whether the end is reached is looked at, and the topic subscribed, within one turn of the event
 * loop while nothing is being delivered: so none is missed and none comes twice.
 * A slow reader waits here, page by page, and costs the server nothing meanwhile.
 *
 * Ends early if something takes its place: a leave, another resume, the end of the connection.
 */
async function catchUpWith(session: Session, catchUp: CatchUp, after: number): Promise<void> {
  const { channel } = catchUp;
  let last = after;
  for (;;) {
    await session.services.delivery.over();
    if (!session.isOpen || !session.live.isCurrent(catchUp)) return;
    if (last === channel.head) return session.live.finish(catchUp);
    const from = last;
    last = await session.inTurn(() => sendPage(session, channel, catchUp, from));
  }
}

/** Sends the next page after `last`, from memory or from the file; returns its last number. */
async function sendPage(
  session: Session,
  channel: Channel,
  catchUp: CatchUp,
  last: number,
): Promise<number> {
  const { ring, history, counters, config } = session.services;
  // It may have waited for its turn.
  if (!session.isOpen || !session.live.isCurrent(catchUp)) return last;
  // The ring may hold messages that are kept no more.
  if (last < channel.gone) return skipTo(session, channel, channel.gone);
  const recent = ring.after(channel.id, last, FRAME_BYTES);
  if (recent !== undefined) {
    session.sendFrame(session.encoding.encodeRecords(recent.records));
    counters.deliveriesOut += recent.last - last;
    return recent.last;
  }
  const page = await history.after(channel.id, last, channel.head, config.pageItems);
  // Something else may have taken the catch-up's place while the disk was read, or the channel is gone.
  if (!session.isOpen || !session.live.isCurrent(catchUp)) return last;
  // Messages went between the look at the channel and the look at the file.
  if (last < page.gone) return skipTo(session, channel, page.gone);
  if (page.count !== page.last - last) throw new Error("session/catch_up: a gap in the history");
  session.sendFrame(session.encoding.encodeRecords(page.records));
  counters.deliveriesOut += page.count;
  return page.last;
}

/** Tells that messages up to `gone` are kept no more, and goes on after them. */
function skipTo(session: Session, channel: Channel, gone: number): number {
  const value = create(HistoryBeginsSchema, { channel: channel.id, first: gone + 1 });
  session.answer(0, { case: "historyBegins", value });
  return gone;
}
