import { ErrorCode } from "./gen/hubbub/v1/events_pb.ts";

/** What a client should do about an error or a close code. */
export type Action =
  /** The client is wrong: sending the same again gives the same. */
  | "fix"
  /** Try again after `retry_after_ms`, or with back-off where there is none. */
  | "retry later"
  /** Connect again with back-off and resume from the last numbers seen. */
  | "reconnect and resume"
  /** Get a new token or ticket, or ask the user to sign in. */
  | "sign in again"
  /** Nothing the client can do changes it. */
  | "stop";

interface ErrorEntry {
  /** The status of an HTTP answer that carries this code. */
  readonly status: number;
  readonly action: Action;
  /** The text for people, where the place that answers has nothing more exact to say. */
  readonly text: string;
}

type KnownError = Exclude<ErrorCode, ErrorCode.UNSPECIFIED>;

/** Every error code there is. `docs/PROTOCOL.md` prints this table; a test compares the two. */
export const errors: Readonly<Record<KnownError, ErrorEntry>> = {
  [ErrorCode.INVALID_FRAME]: {
    status: 400,
    action: "fix",
    text: "The frame or body could not be read.",
  },
  [ErrorCode.UNIMPLEMENTED]: {
    status: 501,
    action: "fix",
    text: "This server does not know the command.",
  },
  [ErrorCode.INVALID_ARGUMENT]: {
    status: 422,
    action: "fix",
    text: "A field has a value that is not allowed.",
  },
  [ErrorCode.BODY_TOO_LARGE]: { status: 413, action: "fix", text: "The body is too large." },
  [ErrorCode.NO_SUCH_CHANNEL]: { status: 404, action: "fix", text: "There is no such channel." },
  [ErrorCode.NOT_A_MEMBER]: { status: 403, action: "fix", text: "Join the channel first." },
  [ErrorCode.TOO_MANY_CHANNELS]: {
    status: 409,
    action: "fix",
    text: "You are in as many channels as one user may be. Leave one first.",
  },
  [ErrorCode.CHANNEL_LIMIT]: {
    status: 409,
    action: "stop",
    text: "The server holds as many channels as it may.",
  },
  [ErrorCode.CHANNEL_FULL]: {
    status: 409,
    action: "stop",
    text: "The channel has used up its message numbers.",
  },
  [ErrorCode.CURSOR_AHEAD]: {
    status: 409,
    action: "fix",
    text: "The cursor lies beyond the channel's head. Forget it and resume from a number that exists.",
  },
  [ErrorCode.RATE_LIMITED]: {
    status: 429,
    action: "retry later",
    text: "Too fast. Wait and try again.",
  },
  [ErrorCode.TOO_MANY_PENDING]: {
    status: 429,
    action: "retry later",
    text: "Too many commands of this connection wait for their answers.",
  },
  [ErrorCode.OVERLOADED]: {
    status: 503,
    action: "retry later",
    text: "More messages wait for the disk than the server may hold.",
  },
  [ErrorCode.STORE_UNAVAILABLE]: {
    status: 503,
    action: "retry later",
    text: "The server cannot write to its disk. Nothing was kept of this; reading goes on.",
  },
  [ErrorCode.GOING_AWAY]: {
    status: 503,
    action: "reconnect and resume",
    text: "The server is stopping.",
  },
  [ErrorCode.INTERNAL]: {
    status: 500,
    action: "retry later",
    text: "The server made a mistake. It has been logged.",
  },
  [ErrorCode.NAME_TAKEN]: { status: 409, action: "fix", text: "That name is taken." },
  [ErrorCode.INVALID_CREDENTIALS]: {
    status: 401,
    action: "sign in again",
    text: "Name or password is wrong.",
  },
  [ErrorCode.INVALID_TOKEN]: {
    status: 401,
    action: "sign in again",
    text: "The token or ticket is missing, wrong, expired or used up.",
  },
  [ErrorCode.ORIGIN_REFUSED]: {
    status: 403,
    action: "stop",
    text: "This page may not connect here.",
  },
  [ErrorCode.REGISTRATION_CLOSED]: {
    status: 403,
    action: "stop",
    text: "This server takes no new accounts.",
  },
  [ErrorCode.SIGN_IN_BUSY]: {
    status: 503,
    action: "retry later",
    text: "Too many people are signing in. Try again shortly.",
  },
  [ErrorCode.TOO_MANY_SESSIONS]: {
    status: 429,
    action: "retry later",
    text: "You have as many connections as one user may have. Close one first.",
  },
  [ErrorCode.TOO_MANY_CONNECTIONS]: {
    status: 503,
    action: "retry later",
    text: "The server has as many connections as it may have.",
  },
  [ErrorCode.UNKNOWN_SUBPROTOCOL]: {
    status: 400,
    action: "fix",
    text: "Offer the subprotocol hubbub.v1 or hubbub.v1.json.",
  },
  [ErrorCode.NOT_FOUND]: { status: 404, action: "fix", text: "There is nothing here." },
  [ErrorCode.PASSWORDS_UNAVAILABLE]: {
    status: 503,
    action: "retry later",
    text: "This server cannot check passwords now. Whoever runs it has been told.",
  },
  [ErrorCode.ACCOUNT_DISABLED]: {
    status: 403,
    action: "stop",
    text: "This account has been disabled.",
  },
  [ErrorCode.TOO_MANY_ARRIVALS]: {
    status: 503,
    action: "retry later",
    text: "Too many people are connecting at once. Try again shortly.",
  },
  [ErrorCode.SECOND_FACTOR_REQUIRED]: {
    status: 401,
    action: "sign in again",
    text: "The password is right. Now a second factor is needed.",
  },
  [ErrorCode.INVALID_CODE]: {
    status: 401,
    action: "fix",
    text: "The code is wrong, expired or used up.",
  },
  [ErrorCode.INVALID_CHALLENGE]: {
    status: 401,
    action: "sign in again",
    text: "The challenge is unknown, expired, used up or for something else. Begin again.",
  },
  [ErrorCode.PASSKEY_REFUSED]: {
    status: 401,
    action: "fix",
    text: "The passkey was not accepted.",
  },
  [ErrorCode.CONFIRMATION_REQUIRED]: {
    status: 403,
    action: "fix",
    text: "Prove first that it is still you.",
  },
  [ErrorCode.FACTOR_EXISTS]: { status: 409, action: "fix", text: "There is one already." },
  [ErrorCode.TOO_MANY_FACTORS]: {
    status: 409,
    action: "fix",
    text: "You have as many passkeys as one account may have. Remove one first.",
  },
  [ErrorCode.FACTOR_LOCKED]: {
    status: 403,
    action: "fix",
    text: "Too many wrong codes came in a row. Use a recovery code or a passkey.",
  },
  [ErrorCode.FORBIDDEN]: { status: 403, action: "stop", text: "Your account may not do this." },
  [ErrorCode.PROFILE_BUSY]: {
    status: 409,
    action: "retry later",
    text: "Another profile is being taken.",
  },
  [ErrorCode.CHANNEL_ARCHIVED]: {
    status: 409,
    action: "stop",
    text: "The channel is archived: it can be read, and nobody can write to it.",
  },
};

/** The names of all error codes, as `errorName` gives them. */
export const errorNames: readonly string[] = Object.keys(errors).map((code) =>
  errorName(Number(code)),
);

/** The name of a code as it stands in HTTP bodies, logs and counters: `RATE_LIMITED`. */
export function errorName(code: ErrorCode): string {
  return ErrorCode[code] ?? `UNKNOWN_${code}`;
}

/** The table's entry for a code; a code from a newer server is read as INTERNAL. */
export function errorEntry(code: ErrorCode): ErrorEntry {
  return errors[code as KnownError] ?? errors[ErrorCode.INTERNAL];
}

/**
 * WebSocket close codes. The range says what to do: 4000 to 4499 reconnect and resume, 4500 to
 * 4999 do not reconnect until something has changed. Without a close frame (1006) the network was
 * lost, the connection was idle, or it read too slowly: reconnect and resume.
 */
export const CloseCode = {
  /** RFC 6455: the server stops. Reconnect as its GoingAway event said. */
  GOING_AWAY: 1001,
  /** RFC 6455: the bytes were no WebSocket frames. */
  PROTOCOL_ERROR: 1002,
  /** RFC 6455: a text message was not UTF-8. */
  INVALID_TEXT: 1007,
  /** RFC 6455: a frame was larger than `Limits.frame_bytes`. */
  TOO_BIG: 1009,
  /** More waits for this connection than `Limits.outbound_bytes`. */
  SLOW_CONSUMER: 4000,
  /** It went on sending commands that were refused for their rate. */
  TOO_MANY_REFUSALS: 4001,
  /** The sign-in that opened it has ended. */
  SIGNED_OUT: 4500,
  /** It went on sending frames that could not be read. */
  TOO_MANY_FAULTS: 4501,
} as const;

export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

interface CloseEntry {
  readonly action: Action;
  /** Sent as the reason of the close frame, at most 123 bytes, where Bun does not send its own. */
  readonly text: string;
}

/** Every close code the server uses. `docs/PROTOCOL.md` prints this table too. */
export const closes: Readonly<Record<CloseCode, CloseEntry>> = {
  [CloseCode.GOING_AWAY]: { action: "reconnect and resume", text: "the server is stopping" },
  [CloseCode.PROTOCOL_ERROR]: { action: "fix", text: "the bytes are no WebSocket frames" },
  [CloseCode.INVALID_TEXT]: { action: "fix", text: "the text is not UTF-8" },
  [CloseCode.TOO_BIG]: { action: "fix", text: "the frame is too large" },
  [CloseCode.SLOW_CONSUMER]: {
    action: "reconnect and resume",
    text: "too slow: reconnect and resume",
  },
  [CloseCode.TOO_MANY_REFUSALS]: {
    action: "reconnect and resume",
    text: "too many refused commands: wait, then reconnect and resume",
  },
  [CloseCode.SIGNED_OUT]: { action: "sign in again", text: "signed out" },
  [CloseCode.TOO_MANY_FAULTS]: { action: "fix", text: "too many unreadable frames" },
};
