import { StoreError } from "../store/errors.ts";
import { type Incoming, isFault } from "../wire/encoding.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { ClientFrame } from "../wire/gen/hubbub/v1/frames_pb.ts";
import type { ClientFrameSendReader } from "../wire/gen/straight_line.ts";
import { incomingSend } from "../wire/incoming_send.ts";
import { resume } from "./catch_up.ts";
import { readFigures } from "./figures.ts";
import { join, leave } from "./joining.ts";
import { listChannels, listMembers } from "./listing.ts";
import { readHistory } from "./reading.ts";
import { ping, send } from "./sending.ts";
import type { Session } from "./session.ts";
import { typing, watch } from "./watching.ts";

/** One in this many frames is timed. */
const TIMED_EVERY = 16;
let frames = 0;

/**
 * Hot: one WebSocket message from a client. Synchronous from the bytes to the open batch. Never
 * throws: what goes wrong is answered with a code.
 */
export function receive(session: Session, data: Incoming): void {
  const { counters, clockMs } = session.services;
  const isTimed = frames++ % TIMED_EVERY === 0;
  const beganMs = isTimed ? clockMs() : 0;
  const message = session.encoding.readSend(data);
  const frame = message === undefined ? session.encoding.decode(data) : undefined;
  const decodedMs = isTimed ? clockMs() : 0;

  if (message !== undefined) carryOutSend(session, message);
  else if (frame !== undefined && isFault(frame)) {
    session.faulty(frame.request, frame.fault, frame.text);
  } else if (frame !== undefined) carryOut(session, frame);
  if (isTimed) {
    counters.decodeMs.record(decodedMs - beganMs);
    counters.checksMs.record(clockMs() - decodedMs);
  }
  session.flush();
}

/** Hot. */
function carryOutSend(session: Session, message: ClientFrameSendReader): void {
  try {
    if (!isOverBudget(session, message.request, "messages")) send(session, message);
  } catch (error) {
    mistake(session, message.request, error);
  }
}

function carryOut(session: Session, { request, command }: ClientFrame): void {
  if (command.case === "send") return carryOutSend(session, incomingSend(request, command.value));
  try {
    if (isOverBudget(session, request, command.case === "ping" ? "messages" : "commands")) return;
    switch (command.case) {
      case "ping":
        return ping(session, request);
      case "leave":
        return leave(session, request, command.value);
      case "listChannels":
        return listChannels(session, request, command.value);
      case "listMembers":
        return listMembers(session, request, command.value);
      case "watch":
        return watch(session, request, command.value);
      case "typing":
        return typing(session, request, command.value);
      case "readFigures":
        return inBackground(session, request, () => readFigures(session, request, command.value));
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

function isOverBudget(session: Session, request: number, kind: "messages" | "commands"): boolean {
  const { budgets, clockMs } = session.services;
  const waitMs = budgets.of(session.identity.accountId)[kind].take(clockMs());
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
