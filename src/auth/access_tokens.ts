import { jwt } from "@elysiajs/jwt";
import { t } from "elysia";
import type { Account } from "../store/accounts.ts";

const ALGORITHM = "HS256";
const ISSUER = "hubbub";
const AUDIENCE = "hubbub";

/** No token of ours is nearly as long; nothing longer is looked at. */
const LONGEST_TOKEN_CHARACTERS = 2048;

/** The session that a token or a ticket was given to. It may have ended since. */
export interface SessionHolder {
  readonly accountId: number;
  readonly sessionId: string;
}

/** Signs and checks the JWTs that open sockets and routes for some minutes. */
export class AccessTokens {
  readonly #jwt;
  readonly #lifeSeconds: number;
  readonly #now: () => number;

  /** @param now Milliseconds since the Unix epoch. */
  constructor(secret: string, lifeSeconds: number, now: () => number) {
    this.#lifeSeconds = lifeSeconds;
    this.#now = now;
    // Only the plugin's sign and verify are used, so that a socket's upgrade, which does not pass
    // through Elysia, is judged by the same rules.
    this.#jwt = jwt({
      name: "access",
      secret,
      alg: ALGORITHM,
      iss: ISSUER,
      aud: AUDIENCE,
      schema: t.Object({
        sub: t.String(),
        name: t.String(),
        role: t.String(),
        sid: t.String(),
      }),
    }).decorator.access;
  }

  sign(account: Account, sessionId: string): Promise<string> {
    return this.#jwt.sign({
      sub: String(account.id),
      name: account.name,
      role: account.role,
      sid: sessionId,
      exp: Math.floor(this.#now() / 1000) + this.#lifeSeconds,
    });
  }

  /** Whose token it is; undefined where it is not ours, not valid now, or no access token. */
  async verify(token: string): Promise<SessionHolder | undefined> {
    if (token.length > LONGEST_TOKEN_CHARACTERS) return undefined;
    // By itself the plugin takes any HMAC, any issuer and audience, and a token without an end.
    const claims = await this.#jwt.verify(token, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ["exp", "iat", "sub", "sid", "name", "role"],
      typ: "JWT",
      currentDate: new Date(this.#now()),
    });
    if (claims === false) return undefined;
    return { accountId: Number(claims.sub), sessionId: claims.sid };
  }
}
