import type { Channel } from "../channels/channel.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { Session } from "./session.ts";

/** The channel of that id, if the user is in it; else the reason why not. */
export function memberChannel(session: Session, id: number): Channel | ErrorCode {
  const channel = session.user.channels.get(id);
  if (channel !== undefined) return channel;
  const exists = session.services.channels.get(id) !== undefined;
  return exists ? ErrorCode.NOT_A_MEMBER : ErrorCode.NO_SUCH_CHANNEL;
}

/** How many items a page may have; 0 asks for as many as there may be. */
export function pageLimit(session: Session, asked: number): number {
  const { pageItems } = session.services.config;
  return asked === 0 ? pageItems : Math.min(asked, pageItems);
}
