import { create } from "@bufbuild/protobuf";
import type { Channel } from "../channels/channel.ts";
import type { Resume } from "../wire/gen/hubbub/v1/commands_pb.ts";
import {
  ErrorCode,
  type RefusedCursor,
  RefusedCursorSchema,
  type Resumed_Cursor,
  Resumed_CursorSchema,
  ResumedSchema,
} from "../wire/gen/hubbub/v1/events_pb.ts";
import type { CatchUp } from "./live.ts";
import { memberChannel } from "./member_channel.ts";
import type { Session } from "./session.ts";

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
  const cursors: Resumed_Cursor[] = [];
  const refused: RefusedCursor[] = [];
  const catchUps: { catchUp: CatchUp; after: number }[] = [];

  // The last cursor of a channel counts.
  for (const [id, after] of new Map(
    command.cursors.map((cursor) => [cursor.channel, cursor.after]),
  )) {
    const channel = memberChannel(session, id);
    if (typeof channel === "number") {
      refused.push(create(RefusedCursorSchema, { channel: id, code: channel }));
    } else if (after > channel.head) {
      session.live.end(channel);
      const code = ErrorCode.CURSOR_AHEAD;
      refused.push(create(RefusedCursorSchema, { channel: id, code }));
    } else {
      catchUps.push({ catchUp: session.live.beginCatchUp(channel), after });
    }
  }
  const named = new Set(command.cursors.map(({ channel }) => channel));
  for (const channel of session.user.channels.values()) {
    if (named.has(channel.id)) continue;
    session.live.begin(channel);
    // One that another resume is still catching up with is that one's to tell of.
    if (!session.live.isLive(channel)) continue;
    cursors.push(create(Resumed_CursorSchema, { channel: channel.id, after: channel.head }));
  }
  for (const { catchUp, after } of catchUps) {
    const last = await catchUpWith(session, catchUp, after);
    if (last === undefined) continue;
    cursors.push(create(Resumed_CursorSchema, { channel: catchUp.channel.id, after: last }));
  }
  if (!session.isOpen) return;
  const value = create(ResumedSchema, { cursors, refused });
  session.answer(request, { case: "resumed", value });
}

/**
 * Sends everything after `after` and goes live.
 *
 * Whether the end is reached is looked at, and the topic subscribed, within one turn of the event
 * loop, and messages are published in turns of their own: so none is missed and none comes twice.
 * A slow reader waits here, page by page, and costs the server nothing meanwhile.
 *
 * @returns the last number sent; undefined if the catch-up ended early (left, resumed again, gone).
 */
async function catchUpWith(
  session: Session,
  catchUp: CatchUp,
  after: number,
): Promise<number | undefined> {
  const { channel } = catchUp;
  let last = after;
  try {
    for (;;) {
      if (!session.isOpen || !session.live.isCurrent(catchUp)) return undefined;
      if (last === channel.head) {
        session.live.finish(catchUp);
        return last;
      }
      last = await sendPage(session, channel, catchUp, last);
      await session.whenDrained();
    }
  } catch (error) {
    // The client is told, and begins again; meanwhile nothing of the channel is delivered.
    if (session.live.isCurrent(catchUp)) session.live.end(channel);
    throw error;
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
  const recent = ring.after(channel.id, last, FRAME_BYTES);
  if (recent !== undefined) {
    session.sendFrame(session.encoding.encodeRecords(recent.records));
    counters.deliveriesOut += recent.last - last;
    return recent.last;
  }
  const page = await history.after(channel.id, last, channel.head, config.pageItems);
  if (page.count !== page.last - last) throw new Error("session/catch_up: a gap in the history");
  // Something else may have taken the catch-up's place while the disk was read.
  if (!session.isOpen || !session.live.isCurrent(catchUp)) return last;
  session.sendFrame(session.encoding.encodeRecords(page.records));
  counters.deliveriesOut += page.count;
  return page.last;
}
