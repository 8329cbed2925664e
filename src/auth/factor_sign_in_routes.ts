import { Elysia } from "elysia";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { describe } from "./documentation.ts";
import { passkeySignInBody, secondFactorBody } from "./factor_schemas.ts";
import type { FactorSignIns } from "./factor_sign_ins.ts";
import type { GrantAnswer } from "./grant_answer.ts";
import { ownPageOnly } from "./refresh_cookie.ts";
import { passkeyJson, passkeyJsonOrForm } from "./request_body.ts";
import { visitorOf } from "./visitor.ts";

export interface FactorSignInRouteParts {
  readonly factorSignIns: FactorSignIns;
  readonly grantAnswer: GrantAnswer;
  /** The client's IP address, where it is known. */
  readonly addressOf: (request: Request) => string | undefined;
}

/** Routes for those who sign in with a factor, after the password or instead of it. */
export function factorSignInRoutes(parts: FactorSignInRouteParts) {
  const { factorSignIns, grantAnswer, addressOf } = parts;
  const visitor = (request: Request) => visitorOf(request, addressOf(request));
  return new Elysia({ prefix: "/auth" })
    .post(
      "/token/factor",
      async ({ body, request, set }) => {
        const { challenge, cookie, ...presented } = body;
        if (cookie) ownPageOnly(request);
        const grant = await factorSignIns.finish(challenge, presented, visitor(request));
        return grantAnswer(grant, cookie, set);
      },
      {
        parse: passkeyJsonOrForm,
        body: secondFactorBody,
        detail: describe({
          summary: "Finish a sign-in with a second factor",
          tag: "sign in",
          success: [200, "SignIn"],
          refusals: [
            ErrorCode.INVALID_FRAME,
            ErrorCode.INVALID_ARGUMENT,
            ErrorCode.BODY_TOO_LARGE,
            ErrorCode.INVALID_CREDENTIALS,
            ErrorCode.ACCOUNT_DISABLED,
            ErrorCode.INVALID_CHALLENGE,
            ErrorCode.INVALID_CODE,
            ErrorCode.PASSKEY_REFUSED,
            ErrorCode.FACTOR_LOCKED,
            ErrorCode.RATE_LIMITED,
          ],
          bearer: false,
        }),
      },
    )
    .post("/passkey/options", ({ request }) => factorSignIns.passkeyOptions(visitor(request)), {
      parse: "none",
      detail: describe({
        summary: "Get what the browser needs to sign in by passkey",
        tag: "sign in",
        success: [200, "PasskeyRequestOptions"],
        refusals: [ErrorCode.RATE_LIMITED],
        bearer: false,
      }),
    })
    .post(
      "/passkey/token",
      async ({ body, request, set }) => {
        if (body.cookie) ownPageOnly(request);
        const grant = await factorSignIns.byPasskey(body.passkey, visitor(request));
        return grantAnswer(grant, body.cookie, set);
      },
      {
        parse: passkeyJson,
        body: passkeySignInBody,
        detail: describe({
          summary: "Sign in by passkey, without a name or password",
          tag: "sign in",
          success: [200, "SignIn"],
          refusals: [
            ErrorCode.INVALID_FRAME,
            ErrorCode.INVALID_ARGUMENT,
            ErrorCode.BODY_TOO_LARGE,
            ErrorCode.INVALID_CREDENTIALS,
            ErrorCode.ACCOUNT_DISABLED,
            ErrorCode.INVALID_CHALLENGE,
            ErrorCode.PASSKEY_REFUSED,
          ],
          bearer: false,
        }),
      },
    );
}
