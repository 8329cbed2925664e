import { Elysia } from "elysia";
import type { ServerProfile } from "../monitor/cpu_profile.ts";
import type { Profiler } from "../monitor/profiler.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { describe } from "./documentation.ts";
import type { Identifier } from "./identifier.ts";
import { Refusal } from "./refusal.ts";

export interface AdminRouteParts {
  readonly identifier: Identifier;
  readonly profiler: Profiler;
}

/** A number that a request's query may give. */
interface QueryNumber {
  readonly name: string;
  readonly description: string;
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
}

const seconds: QueryNumber = {
  name: "seconds",
  description: "How long the profile takes",
  min: 1,
  max: 60,
  fallback: 10,
};

const intervalUs: QueryNumber = {
  name: "interval_us",
  description: "Microseconds from one sample to the next",
  min: 200,
  max: 100_000,
  fallback: 1000,
};

/** Longer ones would only be larger: the biggest costs show within seconds. */
export const MAX_PROFILE_SECONDS = seconds.max;

/** Routes for those who run the server: each takes an access token of an admin. */
export function adminRoutes({ identifier, profiler }: AdminRouteParts) {
  return new Elysia()
    .derive(async ({ request }) => {
      const { role } = identifier.byBearer(request);
      if (role !== "admin") throw new Refusal(ErrorCode.FORBIDDEN);
    })
    .post(
      "/profile",
      async ({ request }): Promise<ServerProfile> => {
        const { searchParams } = new URL(request.url);
        const order = {
          seconds: numberOf(searchParams, seconds),
          intervalUs: numberOf(searchParams, intervalUs),
          signal: request.signal,
        };
        const { busyMs } = profiler;
        if (busyMs !== undefined) throw new Refusal(ErrorCode.PROFILE_BUSY, undefined, busyMs);
        return profiler.take(order);
      },
      {
        parse: "none",
        detail: {
          ...describe({
            summary: "Take a CPU profile of the running server, for admins",
            tag: "operation",
            success: [200, "Profile"],
            refusals: [
              ErrorCode.INVALID_TOKEN,
              ErrorCode.FORBIDDEN,
              ErrorCode.INVALID_ARGUMENT,
              ErrorCode.PROFILE_BUSY,
            ],
            bearer: true,
          }),
          parameters: [seconds, intervalUs].map(parameterOf),
        },
      },
    );
}

function numberOf(query: URLSearchParams, { name, min, max, fallback }: QueryNumber): number {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new Refusal(
    ErrorCode.INVALID_ARGUMENT,
    `The parameter "${name}" is a whole number from ${min} to ${max}.`,
  );
}

function parameterOf({ name, description, min, max, fallback }: QueryNumber) {
  const schema = { type: "integer" as const, minimum: min, maximum: max, default: fallback };
  return { name, in: "query" as const, description, required: false, schema };
}
