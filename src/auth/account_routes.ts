import { Elysia } from "elysia";
import type { AccountReads } from "../store/accounts.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { describe } from "./documentation.ts";
import type { Identifier } from "./identifier.ts";
import { jsonOfTwoPasswords } from "./request_body.ts";
import { passwordBody, type SessionListAnswer, type TicketAnswer, type User } from "./schemas.ts";
import type { SignIns } from "./sign_ins.ts";
import type { Tickets } from "./tickets.ts";
import { visitorOf } from "./visitor.ts";

export interface AccountRouteParts {
  readonly signIns: SignIns;
  readonly identifier: Identifier;
  readonly reads: AccountReads;
  readonly tickets: Tickets;
  readonly ticketSeconds: number;
  /** The client's IP address, where it is known. */
  readonly addressOf: (request: Request) => string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Routes for those who are signed in: each takes an access token. */
export function accountRoutes(parts: AccountRouteParts) {
  const { signIns, identifier, reads, tickets, ticketSeconds, addressOf, now } = parts;
  return new Elysia({ prefix: "/auth" })
    .derive(async ({ request }) => ({ identity: await identifier.byBearer(request) }))
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
          refusals: [ErrorCode.INVALID_TOKEN],
          bearer: true,
        }),
      },
    )
    .post(
      "/ticket",
      ({ identity }): TicketAnswer => ({
        ticket: tickets.issue(identity),
        expires_in: ticketSeconds,
      }),
      {
        parse: "none",
        detail: describe({
          summary: "Get a ticket that opens one socket, for browsers",
          tag: "sign in",
          success: [200, "Ticket"],
          refusals: [ErrorCode.INVALID_TOKEN],
          bearer: true,
        }),
      },
    )
    .post(
      "/logout",
      async ({ identity, set }) => {
        await signIns.endSession(identity.sessionId, identity.accountId);
        set.status = 204;
      },
      {
        parse: "none",
        detail: describe({
          summary: "End this session",
          tag: "sign in",
          success: 204,
          refusals: [ErrorCode.INVALID_TOKEN],
          bearer: true,
        }),
      },
    )
    .post(
      "/password",
      async ({ identity, body, set, request }) => {
        const { current_password: current, new_password: next } = body;
        await signIns.changePassword(
          identity,
          current,
          next,
          visitorOf(request, addressOf(request)),
        );
        set.status = 204;
      },
      {
        parse: jsonOfTwoPasswords,
        body: passwordBody,
        detail: describe({
          summary: "Change the password, and end all other sessions",
          tag: "account",
          success: 204,
          refusals: [
            ErrorCode.INVALID_FRAME,
            ErrorCode.INVALID_ARGUMENT,
            ErrorCode.BODY_TOO_LARGE,
            ErrorCode.INVALID_CREDENTIALS,
            ErrorCode.INVALID_TOKEN,
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
          refusals: [ErrorCode.INVALID_TOKEN],
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
          refusals: [ErrorCode.INVALID_TOKEN, ErrorCode.NOT_FOUND],
          bearer: true,
        }),
      },
    );
}
