import { Elysia } from "elysia";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { describe } from "./documentation.ts";
import { Refusal } from "./refusal.ts";
import { json, jsonOrForm } from "./request_body.ts";
import { refreshBody, registerBody, type SignInAnswer, tokenBody } from "./schemas.ts";
import type { Grant, SignIns } from "./sign_ins.ts";
import { visitorOf } from "./visitor.ts";

export interface SignInRouteParts {
  readonly signIns: SignIns;
  readonly accessTokenSeconds: number;
  /** The client's IP address, where it is known. */
  readonly addressOf: (request: Request) => string | undefined;
}

/** Routes for those who are not signed in yet. */
export function signInRoutes({ signIns, accessTokenSeconds, addressOf }: SignInRouteParts) {
  const answer = (grant: Grant): SignInAnswer => ({
    access_token: grant.accessToken,
    token_type: "bearer",
    expires_in: accessTokenSeconds,
    refresh_token: grant.refreshToken,
    device: grant.device,
    user: grant.account,
  });
  const visitor = (request: Request, device?: string) =>
    visitorOf(request, addressOf(request), device);
  return new Elysia({ prefix: "/auth" })
    .post(
      "/register",
      async ({ body, request, set }) => {
        const grant = await signIns.register(body.name, body.password, visitor(request));
        set.status = 201;
        return answer(grant);
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
      async ({ body, request }) => {
        const name = body.name ?? body.username;
        if (name === undefined) throw new Refusal(ErrorCode.INVALID_ARGUMENT, "name: missing.");
        return answer(await signIns.signIn(name, body.password, visitor(request, body.device)));
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
            ErrorCode.RATE_LIMITED,
            ErrorCode.SIGN_IN_BUSY,
            ErrorCode.PASSWORDS_UNAVAILABLE,
          ],
          bearer: false,
        }),
      },
    )
    .post(
      "/refresh",
      async ({ body, request }) =>
        answer(await signIns.refresh(body.refresh_token, addressOf(request))),
      {
        parse: json,
        body: refreshBody,
        detail: describe({
          summary: "Get the next access token and refresh token",
          tag: "sign in",
          success: [200, "SignIn"],
          refusals: [
            ErrorCode.INVALID_FRAME,
            ErrorCode.INVALID_ARGUMENT,
            ErrorCode.BODY_TOO_LARGE,
            ErrorCode.INVALID_TOKEN,
          ],
          bearer: false,
        }),
      },
    );
}
