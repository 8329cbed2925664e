import { Elysia } from "elysia";
import type { Counters } from "../monitor/counters.ts";
import type { Log } from "../monitor/log.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { type AccountRouteParts, accountRoutes } from "./account_routes.ts";
import { type AdminRouteParts, adminRoutes } from "./admin_routes.ts";
import { answerError } from "./answers.ts";
import { documentation } from "./documentation.ts";
import { type FactorRouteParts, factorRoutes } from "./factor_routes.ts";
import { factorSignInRoutes } from "./factor_sign_in_routes.ts";
import { originAllowed } from "./origin.ts";
import { passkeyRoutes } from "./passkey_routes.ts";
import { Refusal } from "./refusal.ts";
import { type SignInRouteParts, signInRoutes } from "./sign_in_routes.ts";

interface AppParts extends SignInRouteParts, AccountRouteParts, FactorRouteParts, AdminRouteParts {
  /** Web origins besides our own whose pages may use the routes. */
  readonly origins: readonly string[];
  readonly counters: Counters;
  readonly log: Log;
}

/** The Elysia app of `/auth/*`, `/profile` and `/openapi`; whatever else it is asked for is NOT_FOUND. */
export function authApp(parts: AppParts) {
  const { origins, counters, log } = parts;
  return new Elysia()
    .onError(({ error, request }) =>
      answerError(error, new URL(request.url).pathname, counters, log),
    )
    .onRequest(({ request, set }) => {
      // RFC 6749, section 5.1: no cache may keep a token.
      set.headers["cache-control"] = "no-store";
      if (!originAllowed(request, origins)) throw new Refusal(ErrorCode.ORIGIN_REFUSED);
    })
    .use(documentation())
    .use(signInRoutes(parts))
    .use(accountRoutes(parts))
    .use(factorSignInRoutes(parts))
    .use(factorRoutes(parts))
    .use(passkeyRoutes(parts))
    .use(adminRoutes(parts));
}
