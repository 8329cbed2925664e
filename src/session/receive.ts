import { StoreError } from "../store/errors.ts";
import { type Incoming, isFault } from "../wire/encoding.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { ClientFrame } from "../wire/gen/hubbub/v1/frames_pb.ts";
import { resume } from "./catch_up.ts";
import { join, leave } from "./joining.ts";
import { listChannels, listMembers } from "./listing.ts";
import { readHistory } from "./reading.ts";
import { ping, send } from "./sending.ts";
import type { Session } from "./session.ts";

/** Decoding is timed once in this many frames. */
const DECODE_SAMPLE = 16;
let frames = 0;

/**
 * Hot: one WebSocket message from a client. Synchronous from the bytes to the open batch. Never
 * throws: what goes wrong is answered with a code.
 */
export function receive(session: Session, data: Incoming): void {
  const { counters, clockMs } = session.services;
  const isSampled = frames++ % DECODE_SAMPLE === 0;
  const beganMs = isSampled ? clockMs() : 0;
  const frame = session.encoding.decode(data);
  if (isSampled) counters.decodeMs.record(clockMs() - beganMs);

  if (isFault(frame)) session.faulty(frame.request, frame.fault, frame.text);
  else carryOut(session, frame);
  session.flush();
}

function carryOut(session: Session, frame: ClientFrame): void {
  const { request } = frame;
  try {
    if (isOverBudget(session, frame)) return;
    const { command } = frame;
    switch (command.case) {
      case "send":
        return send(session, request, command.value);
      case "ping":
        return ping(session, request);
      case "leave":
        return leave(session, request, command.value);
      case "listChannels":
        return listChannels(session, request, command.value);
      case "listMembers":
        return listMembers(session, request, command.value);
      case "join":
        return inBackground(session, request, () => join(session, request, command.value));
      case "readHistory":
        return inBackground(session, request, () => readHistory(session, request, command.value));
      case "resume":
        return inBackground(session, request, () => resume(session, request, command.value));
      default:
        // No command, or one that a newer client knows.
        session.refused(request, ErrorCode.UNIMPLEMENTED);
    }
  } catch (error) {
    mistake(session, request, error);
  }
}

function isOverBudget(session: Session, { request, command }: ClientFrame): boolean {
  const { budgets, clockMs } = session.services;
  const budget = budgets.of(session.identity.accountId);
  const isMessage = command.case === "send" || command.case === "ping";
  const waitMs = (isMessage ? budget.messages : budget.commands).take(clockMs());
  if (waitMs > 0) session.limited(request, ErrorCode.RATE_LIMITED, waitMs);
  return waitMs > 0;
}

/** Starts a command that has to wait for something, within the bound of those that may. */
function inBackground(session: Session, request: number, command: () => Promise<void>): void {
  if (session.pendingCommands >= session.services.config.pendingCommands) {
    session.limited(request, ErrorCode.TOO_MANY_PENDING, 100);
    return;
  }
  session.pendingCommands += 1;
  command()
    .catch((error) => mistake(session, request, error))
    .finally(() => {
      session.pendingCommands -= 1;
      session.flush();
    });
}

function mistake(session: Session, request: number, error: unknown): void {
  const isStore = error instanceof StoreError;
  const { eventLog } = session.services;
  eventLog.error({ user: session.identity.accountId, request, err: error }, "command failed");
  if (isStore) session.refused(request, ErrorCode.STORE_UNAVAILABLE, 1000);
  else session.refused(request, ErrorCode.INTERNAL, 1000);
}
