import { Elysia } from "elysia";
import type { AccountReads } from "../store/accounts.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { bearerRefusals, describe } from "./documentation.ts";
import type { GrantAnswer } from "./grant_answer.ts";
import type { Identifier } from "./identifier.ts";
import { ownPageOnly } from "./refresh_cookie.ts";
import { jsonOfTwoPasswords } from "./request_body.ts";
import { passwordBody, type SessionListAnswer, type TicketAnswer, type User } from "./schemas.ts";
import type { SignIns } from "./sign_ins.ts";
import type { StepUp } from "./step_up.ts";
import type { Tickets } from "./tickets.ts";
import { visitorOf } from "./visitor.ts";

export interface AccountRouteParts {
  readonly signIns: SignIns;
  readonly identifier: Identifier;
  readonly reads: AccountReads;
  readonly stepUp: StepUp;
  readonly tickets: Tickets;
  readonly grantAnswer: GrantAnswer;
  readonly ticketSeconds: number;
  /** The client's IP address, where it is known. */
  readonly addressOf: (request: Request) => string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Routes for those who are signed in: each takes an access token. */
export function accountRoutes(parts: AccountRouteParts) {
  const { signIns, identifier, reads, stepUp, tickets, grantAnswer } = parts;
  const { ticketSeconds, addressOf, now } = parts;
  return new Elysia({ prefix: "/auth" })
    .derive(({ request }) => ({ identity: identifier.byBearer(request) }))
    .get(
      "/me",
      ({ identity }): User => ({
        id: identity.accountId,
        name: identity.name,
        role: identity.role,
      }),
      {
        detail: describe({
          summary: "Who is signed in",
          tag: "account",
          success: [200, "User"],
          refusals: bearerRefusals,
          bearer: true,
        }),
      },
    )
    .post(
      "/ticket",
      ({ identity, request }): TicketAnswer => ({
        ticket: tickets.issue(identity, request.headers.get("origin")),
        expires_in: ticketSeconds,
      }),
      {
        parse: "none",
        detail: describe({
          summary: "Get a ticket that opens one socket, for browsers",
          tag: "sign in",
          success: [200, "Ticket"],
          refusals: bearerRefusals,
          bearer: true,
        }),
      },
    )
    .post(
      "/password",
      async ({ identity, body, set, request }) => {
        stepUp.requireFactor(identity);
        if (body.cookie) ownPageOnly(request);
        const { current_password: current, new_password: next } = body;
        const visitor = visitorOf(request, addressOf(request));
        const grant = await signIns.changePassword(identity, current, next, visitor);
        return grantAnswer(grant, body.cookie, set);
      },
      {
        parse: jsonOfTwoPasswords,
        body: passwordBody,
        detail: describe({
          summary: "Change the password, end all other sessions, and get new tokens for this one",
          tag: "account",
          success: [200, "SignIn"],
          refusals: [
            ErrorCode.INVALID_FRAME,
            ErrorCode.INVALID_ARGUMENT,
            ErrorCode.BODY_TOO_LARGE,
            ErrorCode.INVALID_CREDENTIALS,
            ...bearerRefusals,
            ErrorCode.CONFIRMATION_REQUIRED,
            ErrorCode.RATE_LIMITED,
            ErrorCode.SIGN_IN_BUSY,
            ErrorCode.PASSWORDS_UNAVAILABLE,
          ],
          bearer: true,
        }),
      },
    )
    .get(
      "/sessions",
      ({ identity }): SessionListAnswer => ({
        sessions: reads.sessionsOf(identity.accountId, now()).map((session) => ({
          id: session.id,
          label: session.label,
          created_ms: session.createdMs,
          used_ms: session.usedMs,
          expires_ms: session.expiresMs,
          current: session.id === identity.sessionId,
        })),
      }),
      {
        detail: describe({
          summary: "List this account's sessions",
          tag: "account",
          success: [200, "SessionList"],
          refusals: bearerRefusals,
          bearer: true,
        }),
      },
    )
    .delete(
      "/sessions/:id",
      async ({ identity, params, set }) => {
        await signIns.endSession(params.id, identity.accountId);
        set.status = 204;
      },
      {
        parse: "none",
        detail: describe({
          summary: "End one of this account's sessions",
          tag: "account",
          success: 204,
          refusals: [...bearerRefusals, ErrorCode.NOT_FOUND],
          bearer: true,
        }),
      },
    );
}
