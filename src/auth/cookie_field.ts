import { t } from "elysia";

/** The field `cookie` of every body that may begin a session: see refresh_cookie.ts. */
export const cookie = t.Optional(
  t.Boolean({
    description:
      "The refresh token goes into a cookie that scripts cannot read, and not into the answer. For pages of this server's own",
  }),
);
