import type { Server, WebSocketHandler } from "bun";
import { binary } from "../wire/binary.ts";
import { closes } from "../wire/codes.ts";
import type { Encoding } from "../wire/encoding.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { json } from "../wire/json.ts";
import { refusal } from "../wire/refusal.ts";
import { CompressingSocket, compressesFor } from "./compression.ts";
import type { Door } from "./door.ts";
import type { Intake } from "./intake.ts";
import type { Services } from "./services.ts";
import { type Identity, Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";

/** What a socket carries from its upgrade to its end. */
export interface SocketData {
  readonly identity: Identity;
  readonly encoding: Encoding;
  /** The channels that the file says the account is in, at the time of the upgrade. */
  readonly channels: readonly number[];
  session?: Session | undefined;
}

/** Who has been identified, with all that is read for a connection. */
interface Caller extends Identity {
  readonly channels: readonly number[];
}

/** What may pile up for one socket between two calls of `Sessions.checkSlow`. */
const BETWEEN_LOOKS_BYTES = 16 * 1024 * 1024;

const encodings: readonly Encoding[] = [binary, json];

interface UpgradeOptions {
  readonly services: Services;
  readonly sessions: Sessions;
  readonly door: Door;
  /** Who the request comes from, or why it is refused. */
  readonly identify: (request: Request) => Caller | { readonly refused: ErrorCode };
  readonly isStopping: () => boolean;
}

/**
 * Answers a request for `/ws`: upgrades it, or refuses it before the upgrade with a status and a
 * code. The subprotocol picks the encoding. Where many arrive at once, it takes its turn.
 */
export function upgrade(
  request: Request,
  server: Server<SocketData>,
  options: UpgradeOptions,
): Response | undefined | Promise<Response | undefined> {
  const peer = server.requestIP(request)?.address;
  return options.door.admit(request, peer, () => enter(request, server, options));
}

/** Hot when everybody comes back at once. From who it is to the welcome in one turn, so that what
 * is looked at at first still holds at the end. */
function enter(
  request: Request,
  server: Server<SocketData>,
  { services, sessions, identify, isStopping }: UpgradeOptions,
): Response | undefined {
  if (isStopping()) return refuse(services, ErrorCode.GOING_AWAY, 1000);
  const encoding = encodingOf(request);
  if (encoding === undefined) return refuse(services, ErrorCode.UNKNOWN_SUBPROTOCOL);
  const { config, membership, budgets, clockMs } = services;
  const caller = identify(request);
  if ("refused" in caller) return refuse(services, caller.refused);
  const { channels, ...identity } = caller;
  if (sessions.count >= config.connections) {
    return refuse(services, ErrorCode.TOO_MANY_CONNECTIONS, 5000);
  }
  const waitMs = budgets.of(identity.accountId).commands.take(clockMs());
  if (waitMs > 0) return refuse(services, ErrorCode.RATE_LIMITED, waitMs);
  if (membership.connectionsOf(identity.accountId) >= config.sessionsPerUser) {
    return refuse(services, ErrorCode.TOO_MANY_SESSIONS, 5000);
  }
  // The answer names the encoding alone: a ticket that was offered beside it is not repeated.
  const headers = { "Sec-WebSocket-Protocol": encoding.subprotocol };
  const isUpgraded = server.upgrade(request, { data: { identity, encoding, channels }, headers });
  return isUpgraded ? undefined : refuse(services, ErrorCode.INVALID_FRAME);
}

function refuse({ counters }: Services, code: ErrorCode, retryAfterMs = 0): Response {
  counters.refused(ErrorCode[code]);
  return refusal(code, { retryAfterMs });
}

/** The handlers of every socket, for `Bun.serve`. */
export function websocketHandler(
  services: Services,
  sessions: Sessions,
  intake: Intake,
): WebSocketHandler<SocketData> {
  const { frameBytes, outboundBytes, idleSeconds, compression } = services.config;
  const isCompressing = compression === "on";
  const compresses = compressesFor(services.config);
  return {
    // One compressor for all sockets, reset after each message: nothing is kept for a connection.
    perMessageDeflate: isCompressing,
    // Of a compressed frame it bounds what it inflates to.
    maxPayloadLength: frameBytes,
    idleTimeout: idleSeconds,
    sendPings: true,
    // Past Bun's own bound a socket is closed without a code, for else messages would vanish
    // without a word. It leaves room for what comes between two looks at the outbound limit.
    backpressureLimit: outboundBytes + BETWEEN_LOOKS_BYTES,
    closeOnBackpressureLimit: true,
    open(socket) {
      const { identity, encoding, channels } = socket.data;
      const sink = isCompressing ? new CompressingSocket(socket, compresses) : socket;
      const session = new Session(identity, encoding, sink, services);
      socket.data.session = session;
      sessions.opened(session, channels);
    },
    message(socket, data) {
      if (socket.data.session !== undefined) intake.take(socket.data.session, data);
    },
    drain(socket) {
      socket.data.session?.drained();
    },
    close(socket, code, reason) {
      const { session } = socket.data;
      if (session !== undefined) sessions.closed(session, closeLabel(code, reason));
    },
  };
}

/** Codes that are counted by themselves; a peer may send any of thousands. */
const countedCodes = new Set([1000, 1001, 1005, ...Object.keys(closes).map(Number)]);

/**
 * What the end of a connection is counted under. Without a close frame from the peer Bun gives
 * 1006 and says why: idle, too big, no WebSocket frame.
 */
function closeLabel(code: number, reason: string): string {
  if (code === 1006) return reason === "" ? "1006" : `1006 ${reason}`;
  return countedCodes.has(code) ? `${code}` : "other";
}

function encodingOf(request: Request): Encoding | undefined {
  const offered = (request.headers.get("Sec-WebSocket-Protocol") ?? "")
    .split(",")
    .map((name) => name.trim());
  return encodings.find(({ subprotocol }) => offered.includes(subprotocol));
}
