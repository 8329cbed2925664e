import { t } from "elysia";
import { accountNamePattern } from "../wire/names.ts";
import { cookie } from "./cookie_field.ts";
import { factorAnswerSchemas } from "./factor_schemas.ts";
import { PASSWORD_CHARACTERS } from "./passwords.ts";

/**
 * The bodies of requests and answers, as they are checked and as `/openapi` shows them. Rules that
 * go beyond a field's type stand in the descriptions and are judged in sign_ins.ts.
 */

const { min, max } = PASSWORD_CHARACTERS;
/** Elysia's own `t.Integer` would also allow text, and say so in the document. */
const integer = (description: string) => t.Unsafe<number>({ type: "integer", description });

const passwordRule = `${min} to ${max} characters, counted after Unicode normalization (NFKC)`;

export const registerBody = t.Object({
  name: t.String({
    description: `Matches ${accountNamePattern.source}; compared case-insensitively`,
    examples: ["ada"],
  }),
  password: t.String({ description: passwordRule }),
  cookie,
});

export const tokenBody = t.Object(
  {
    grant_type: t.Optional(t.Literal("password", { description: "OAuth2's name of this grant" })),
    name: t.Optional(t.String({ description: "The account's name, unless it is in `username`" })),
    username: t.Optional(t.String({ description: "OAuth2's name of the field `name`" })),
    password: t.String(),
    device: t.Optional(
      t.String({
        description: "From the last answer to a sign-in on this device, if there was one",
      }),
    ),
    cookie,
  },
  // RFC 6749, section 3.2: parameters that are not known, such as `scope`, are ignored.
  { additionalProperties: true },
);

export const refreshBody = t.Object({
  refresh_token: t.Optional(
    t.String({ description: "From the last answer to a sign-in or refresh; or else the cookie's" }),
  ),
});

export const passwordBody = t.Object({
  current_password: t.String(),
  new_password: t.String({ description: passwordRule }),
  cookie,
});

const user = t.Object({
  id: integer("Unique for ever"),
  name: t.String(),
  role: t.Union([t.Literal("user"), t.Literal("monitor"), t.Literal("admin")]),
});

const signIn = t.Object({
  access_token: t.String({ description: "A JWT, for `Authorization: Bearer`" }),
  token_type: t.Literal("bearer"),
  expires_in: integer("Life of the access token in seconds"),
  refresh_token: t.Optional(
    t.String({ description: "For POST /auth/refresh, once; not where it is kept in a cookie" }),
  ),
  device: t.String({
    description:
      "Keep it, and send it at the next sign-in: nobody else's wrong passwords make that one wait",
  }),
  user,
});

const sessionList = t.Object({
  sessions: t.Array(
    t.Object({
      id: t.String(),
      label: t.String({ description: "The User-Agent that signed in, shortened" }),
      created_ms: integer("Milliseconds since the Unix epoch"),
      used_ms: integer("The last sign-in or refresh"),
      expires_ms: integer("When it ends unless it is used"),
      current: t.Boolean({ description: "Whether it is the session that asks" }),
    }),
  ),
});

const ticket = t.Object({
  ticket: t.String({
    description: "Open the socket with the subprotocols `hubbub.v1` and `ticket.<ticket>`, once",
  }),
  expires_in: integer("Seconds"),
});

const profile = t.Object(
  {
    nodes: t.Array(t.Object({}, { additionalProperties: true }), {
      description: "The call tree of the main thread",
    }),
    startTime: t.Number({ description: "Microseconds" }),
    endTime: t.Number(),
    samples: t.Array(integer("The node of a sample")),
    timeDeltas: t.Array(t.Number(), { description: "Microseconds from the sample before" }),
    hubbub: t.Object(
      {},
      {
        additionalProperties: true,
        description: "The other threads, and CPU times, for `bun hubbub profile`",
      },
    ),
  },
  { description: "Chrome's `.cpuprofile`, with one field more" },
);

const error = t.Object({
  error: t.Object({
    code: t.String({ description: "Stable; docs/PROTOCOL.md has the table" }),
    text: t.String({ description: "For people; not stable" }),
    retry_after_ms: t.Optional(integer("When to try again")),
  }),
});

/** The answers, by the names that `/openapi` gives them. */
export const answerSchemas = {
  User: user,
  SignIn: signIn,
  SessionList: sessionList,
  Ticket: ticket,
  Profile: profile,
  Error: error,
  ...factorAnswerSchemas,
};

export type User = typeof user.static;
/** To those who keep the refresh token themselves. */
export type SignInAnswer = Required<typeof signIn.static>;
/** To those whose browser keeps it. */
export type CookieSignInAnswer = Omit<SignInAnswer, "refresh_token">;
export type SessionListAnswer = typeof sessionList.static;
export type TicketAnswer = typeof ticket.static;
