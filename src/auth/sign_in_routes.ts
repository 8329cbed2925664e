import { Elysia } from "elysia";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { describe } from "./documentation.ts";
import type { GrantAnswer } from "./grant_answer.ts";
import type { Identifier } from "./identifier.ts";
import { noRefreshCookie, ownPageOnly, refreshCookieOf } from "./refresh_cookie.ts";
import { Refusal } from "./refusal.ts";
import { json, jsonOrForm, jsonOrNothing } from "./request_body.ts";
import { refreshBody, registerBody, tokenBody } from "./schemas.ts";
import type { SignIns } from "./sign_ins.ts";
import { visitorOf } from "./visitor.ts";

export interface SignInRouteParts {
  readonly signIns: SignIns;
  readonly identifier: Identifier;
  readonly grantAnswer: GrantAnswer;
  /** The client's IP address, where it is known. */
  readonly addressOf: (request: Request) => string | undefined;
}

/** Routes by which a session begins, goes on and ends. */
export function signInRoutes(parts: SignInRouteParts) {
  const { signIns, identifier, grantAnswer, addressOf } = parts;
  const visitor = (request: Request, device?: string) =>
    visitorOf(request, addressOf(request), device);
  return new Elysia({ prefix: "/auth" })
    .post(
      "/register",
      async ({ body, request, set }) => {
        if (body.cookie) ownPageOnly(request);
        const grant = await signIns.register(body.name, body.password, visitor(request));
        set.status = 201;
        return grantAnswer(grant, body.cookie, set);
      },
      {
        parse: json,
        body: registerBody,
        detail: describe({
          summary: "Make an account, and sign in",
          tag: "sign in",
          success: [201, "SignIn"],
          refusals: [
            ErrorCode.INVALID_FRAME,
            ErrorCode.INVALID_ARGUMENT,
            ErrorCode.BODY_TOO_LARGE,
            ErrorCode.RATE_LIMITED,
            ErrorCode.NAME_TAKEN,
            ErrorCode.REGISTRATION_CLOSED,
            ErrorCode.SIGN_IN_BUSY,
            ErrorCode.PASSWORDS_UNAVAILABLE,
          ],
          bearer: false,
        }),
      },
    )
    .post(
      "/token",
      async ({ body, request, set }) => {
        if (body.cookie) ownPageOnly(request);
        const name = body.name ?? body.username;
        if (name === undefined) throw new Refusal(ErrorCode.INVALID_ARGUMENT, "name: missing.");
        const grant = await signIns.signIn(name, body.password, visitor(request, body.device));
        return grantAnswer(grant, body.cookie, set);
      },
      {
        parse: jsonOrForm,
        body: tokenBody,
        detail: describe({
          summary: "Sign in by name and password, in JSON or as OAuth2's password form",
          tag: "sign in",
          success: [200, "SignIn"],
          refusals: [
            ErrorCode.INVALID_FRAME,
            ErrorCode.INVALID_ARGUMENT,
            ErrorCode.BODY_TOO_LARGE,
            ErrorCode.INVALID_CREDENTIALS,
            ErrorCode.SECOND_FACTOR_REQUIRED,
            ErrorCode.RATE_LIMITED,
            ErrorCode.ACCOUNT_DISABLED,
            ErrorCode.SIGN_IN_BUSY,
            ErrorCode.PASSWORDS_UNAVAILABLE,
          ],
          bearer: false,
          leadsToFactor: true,
        }),
      },
    )
    .post(
      "/refresh",
      async ({ body, request, set }) => {
        const asCookie = body.refresh_token === undefined;
        const token = asCookie ? refreshCookieOf(request) : body.refresh_token;
        if (token === undefined) throw new Refusal(ErrorCode.INVALID_TOKEN);
        return grantAnswer(await signIns.refresh(token, addressOf(request)), asCookie, set);
      },
      {
        parse: jsonOrNothing,
        body: refreshBody,
        detail: describe({
          summary: "Get the next access token and refresh token, by the token or by the cookie",
          tag: "sign in",
          success: [200, "SignIn"],
          refusals: [
            ErrorCode.INVALID_FRAME,
            ErrorCode.INVALID_ARGUMENT,
            ErrorCode.BODY_TOO_LARGE,
            ErrorCode.INVALID_TOKEN,
            ErrorCode.ACCOUNT_DISABLED,
          ],
          bearer: false,
        }),
      },
    )
    .post(
      "/logout",
      async ({ request, set }) => {
        const isByBearer = request.headers.has("authorization");
        const cookie = isByBearer ? undefined : refreshCookieOf(request);
        if (cookie === undefined) {
          const { sessionId, accountId } = identifier.byBearer(request);
          await signIns.endSession(sessionId, accountId);
        } else {
          await signIns.endSessionOfToken(cookie);
          set.headers["set-cookie"] = noRefreshCookie;
        }
        set.status = 204;
      },
      {
        parse: "none",
        detail: describe({
          summary: "End this session: the access token's, or without one the cookie's",
          tag: "sign in",
          success: 204,
          refusals: [ErrorCode.INVALID_TOKEN, ErrorCode.ACCOUNT_DISABLED],
          bearer: true,
        }),
      },
    );
}
