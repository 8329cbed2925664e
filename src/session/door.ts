import type { Counters } from "../monitor/counters.ts";
import { errorName } from "../wire/codes.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { refusal } from "../wire/refusal.ts";
import { Arrivals, type Line } from "./arrivals.ts";

type Answer = Response | undefined;

interface Options {
  /** Requests that may wait. */
  readonly queue: number;
  readonly line: Line;
  /** The network that a request comes from. */
  readonly networkOf: (request: Request, peer: string | undefined) => string;
  readonly clockMs: () => number;
  readonly counters: Counters;
}

/** What every request goes through, but those that are to be answered however busy the server is. */
export class Door {
  readonly #options: Options;
  readonly #arrivals: Arrivals;

  constructor(options: Options) {
    const { queue, line, clockMs } = options;
    this.#options = options;
    this.#arrivals = new Arrivals({
      queue,
      line,
      clockMs,
      random: Math.random,
      after: (delayMs, run) => void setTimeout(run, delayMs),
      soon: (run) => void setImmediate(run),
    });
  }

  /** How many wait. */
  get waiting(): number {
    return this.#arrivals.waiting;
  }

  /**
   * Answers a request when its turn has come, or with TOO_MANY_ARRIVALS.
   *
   * @param peer the address at the other end of the connection.
   */
  admit<T extends Answer | Promise<Answer>>(
    request: Request,
    peer: string | undefined,
    enter: () => T,
  ): T | Response | Promise<Awaited<T> | Response> {
    const { networkOf, counters } = this.#options;
    return this.#arrivals.admit<T | Response>({
      enter,
      turnAway(retryAfterMs) {
        counters.refused(errorName(ErrorCode.TOO_MANY_ARRIVALS));
        return refusal(ErrorCode.TOO_MANY_ARRIVALS, { retryAfterMs });
      },
      network: () => networkOf(request, peer),
      isGone: () => request.signal.aborted,
    });
  }
}
