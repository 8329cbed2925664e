import { errorEntry, errorName } from "./codes.ts";
import type { ErrorCode } from "./gen/hubbub/v1/events_pb.ts";

/** The body of every HTTP answer that refuses something. */
export interface RefusalBody {
  readonly error: {
    /** The code's name, such as `NAME_TAKEN`. */
    readonly code: string;
    /** For people; not stable. */
    readonly text: string;
    readonly retry_after_ms?: number;
  };
}

interface Details {
  /** Instead of the code's own text. */
  readonly text?: string;
  /** When to try again; 0 where that makes no sense. */
  readonly retryAfterMs?: number;
}

export function refusalBody(code: ErrorCode, details: Details = {}): RefusalBody {
  const { text = errorEntry(code).text, retryAfterMs = 0 } = details;
  const error = { code: errorName(code), text };
  return { error: retryAfterMs > 0 ? { ...error, retry_after_ms: retryAfterMs } : error };
}

/** An HTTP answer that refuses something, with the status of its code. */
export function refusal(code: ErrorCode, details: Details = {}): Response {
  const { retryAfterMs = 0 } = details;
  const headers = new Headers({ "Cache-Control": "no-store" });
  // RFC 9110, section 10.2.3: whole seconds.
  if (retryAfterMs > 0) headers.set("Retry-After", String(Math.ceil(retryAfterMs / 1000)));
  const { status } = errorEntry(code);
  return Response.json(refusalBody(code, details), { status, headers });
}
