import { type Action, errorEntry, errorName } from "../wire/codes.ts";
import { ErrorCode, type Error as WireError } from "../wire/gen/hubbub/v1/events_pb.ts";

/** What goes wrong without the server having said so, and what to do about each. */
const localActions = {
  /** The server did not answer over HTTP, or the socket did not open. */
  UNREACHABLE: "retry later",
  /** The connection ended before the answer came; the command may or may not have been done. */
  DISCONNECTED: "retry later",
  /** No answer in time; the command may or may not have been done. */
  TIMED_OUT: "retry later",
  /** As many sends wait for their acknowledgement as this client keeps. */
  OUTBOX_FULL: "retry later",
  /** The answer is none that this client understands. */
  UNEXPECTED_ANSWER: "retry later",
  /** The server closed the connection with a code that forbids coming back. */
  REFUSED: "stop",
  /** The sign-in has ended, and its refresh token is no longer taken. */
  SIGNED_OUT: "sign in again",
  /** The application closed this client. */
  CLOSED: "stop",
} as const satisfies Record<string, Action>;

type LocalCode = keyof typeof localActions;

/** The protocol's codes by name, and those of this client. */
export type HubbubErrorCode = Exclude<keyof typeof ErrorCode, "UNSPECIFIED"> | LocalCode;

/** Every failure that this client reports, over HTTP as over the socket. */
export class HubbubError extends Error {
  override readonly name = "HubbubError";

  /**
   * @param text for people; not stable.
   * @param retryAfterMs when the server wants it tried again; 0 where it did not say.
   */
  constructor(
    readonly code: HubbubErrorCode,
    readonly text: string,
    readonly retryAfterMs = 0,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${text}`, options);
  }

  /** What to do about it. */
  get action(): Action {
    return isLocal(this.code) ? localActions[this.code] : errorEntry(ErrorCode[this.code]).action;
  }
}

/** The application has closed the client. */
export function closed(): HubbubError {
  return new HubbubError("CLOSED", "This client is closed.");
}

/** The error that an answer carries. A code from a newer server is read as INTERNAL. */
export function fromWire(error: WireError): HubbubError {
  return new HubbubError(knownCode(errorName(error.code)), error.text, error.retryAfterMs);
}

/** The code of that name, as HTTP answers give it; INTERNAL for one from a newer server. */
export function knownCode(name: string): HubbubErrorCode {
  return isWireName(name) ? name : "INTERNAL";
}

/** Any thrown value as a HubbubError. What is not one is a fault of this client or its platform. */
export function asHubbubError(thrown: unknown): HubbubError {
  if (thrown instanceof HubbubError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new HubbubError("INTERNAL", text, 0, { cause: thrown });
}

function isLocal(code: HubbubErrorCode): code is LocalCode {
  return code in localActions;
}

function isWireName(name: string): name is Exclude<keyof typeof ErrorCode, "UNSPECIFIED"> {
  // A TypeScript enum also maps its numbers back to names; those keys are no codes.
  return name !== "UNSPECIFIED" && typeof ErrorCode[name as keyof typeof ErrorCode] === "number";
}
