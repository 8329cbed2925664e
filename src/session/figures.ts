import { create } from "@bufbuild/protobuf";
import type { Reading } from "../monitor/figures.ts";
import type { HistoryPage } from "../monitor/recorder.ts";
import type { ReadFigures } from "../wire/gen/hubbub/v1/commands_pb.ts";
import {
  ErrorCode,
  type Figures,
  type FiguresHistory,
  FiguresHistorySchema,
  FiguresSchema,
} from "../wire/gen/hubbub/v1/events_pb.ts";
import type { Session } from "./session.ts";

/**
 * The most rows in a page: with 64 cores and every code they take 60 KB, and three times that in
 * JSON, which is within what a frame may hold.
 */
const MOST_ROWS = 100;

/** What a monitor's pong carries. */
export function describeFigures({ refusals, ...reading }: Reading): Figures {
  return create(FiguresSchema, {
    ...reading,
    refusals: refusals.map(({ code, count }) => ({ code: codeOf(code), count })),
  });
}

/** A page of what the server has measured over time, for monitors and admins. */
export function readFigures(
  session: Session,
  request: number,
  command: ReadFigures,
): Promise<void> {
  return session.inTurn(() => sendPage(session, request, command));
}

function sendPage(
  session: Session,
  request: number,
  { stepSeconds: asked, after, limit }: ReadFigures,
): void {
  if (!session.isOpen) return;
  // Looked at in this turn: the role may have changed while the page waited.
  if (session.identity.role === "user") return session.refused(request, ErrorCode.FORBIDDEN);
  const { history } = session.services.monitoring;
  const stepSeconds = asked === 0 ? 1 : asked;
  const newest = history.newest(stepSeconds);
  if (newest === undefined) {
    const text = "step_seconds must be 1, 10 or 60.";
    return session.refused(request, ErrorCode.INVALID_ARGUMENT, 0, text);
  }
  if (after > newest) {
    const text = "There is no such row yet. The server may have been started again: begin at 0.";
    return session.refused(request, ErrorCode.CURSOR_AHEAD, 0, text);
  }
  const most = Math.min(MOST_ROWS, session.services.config.pageItems);
  const page = history.page(stepSeconds, after, limit === 0 ? most : Math.min(limit, most));
  session.answer(request, { case: "figuresHistory", value: describePage(page) });
}

/** A page as the wire tells it. */
export function describePage(page: HistoryPage): FiguresHistory {
  const { scalars, distributions, cores, refusals, ...rest } = page;
  return create(FiguresHistorySchema, {
    ...rest,
    ...scalars,
    ...distributions,
    cores: cores.map((load) => ({ load })),
    refusals: refusals.map(({ code, count }) => ({ code: codeOf(code), count })),
  });
}

function codeOf(name: string | undefined): ErrorCode {
  return ErrorCode[name as keyof typeof ErrorCode] ?? ErrorCode.UNSPECIFIED;
}
