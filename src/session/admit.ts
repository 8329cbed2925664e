import type { Counters } from "../monitor/counters.ts";
import { errorName } from "../wire/codes.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { refusal } from "../wire/refusal.ts";
import type { Arrivals } from "./arrivals.ts";

type Answer = Response | undefined;

/** Answers a request when its turn has come, or with TOO_MANY_ARRIVALS. */
export function admit<T extends Answer | Promise<Answer>>(
  request: Request,
  arrivals: Arrivals,
  counters: Counters,
  enter: () => T,
): T | Response | Promise<Awaited<T> | Response> {
  return arrivals.admit<T | Response>({
    enter,
    turnAway(retryAfterMs) {
      counters.refused(errorName(ErrorCode.TOO_MANY_ARRIVALS));
      return refusal(ErrorCode.TOO_MANY_ARRIVALS, { retryAfterMs });
    },
    isGone: () => request.signal.aborted,
  });
}
