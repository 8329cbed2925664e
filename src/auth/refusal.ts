import { errorEntry } from "../wire/codes.ts";
import type { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { refusal } from "../wire/refusal.ts";

/** Why a request was not carried out. Thrown inside `auth`, and answered in one place:
 * `answerError` in answers.ts. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  /**
   * @param text For people; never anything that was submitted. The code's own text by default.
   * @param retryAfterMs When to try again, where that makes sense.
   */
  constructor(
    readonly code: ErrorCode,
    text: string = errorEntry(code).text,
    readonly retryAfterMs?: number,
  ) {
    super(text);
  }
}

/** The HTTP answer of a refusal: the code's status, and the code, its text and the wait as JSON. */
export function refusalAnswer({ code, message, retryAfterMs = 0 }: Refusal): Response {
  return refusal(code, { text: message, retryAfterMs });
}
