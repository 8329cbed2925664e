import { errorEntry } from "../wire/codes.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { refusal, refusalBody } from "../wire/refusal.ts";
import type { SecondFactorAnswer } from "./factor_schemas.ts";

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

/** The password was right, and here is how to go on. */
export class SecondFactorRefusal extends Refusal {
  constructor(readonly secondFactor: SecondFactorAnswer) {
    super(ErrorCode.SECOND_FACTOR_REQUIRED);
  }
}

/** The HTTP answer of a refusal: the code's status, and the code, its text and the wait as JSON. */
export function refusalAnswer(refused: Refusal): Response {
  const { code, message: text, retryAfterMs = 0 } = refused;
  const answer = refusal(code, { text, retryAfterMs });
  if (!(refused instanceof SecondFactorRefusal)) return answer;
  const body = { ...refusalBody(code, { text }), second_factor: refused.secondFactor };
  return new Response(JSON.stringify(body), answer);
}
