import { refreshCookie } from "./refresh_cookie.ts";
import type { CookieSignInAnswer, SignInAnswer } from "./schemas.ts";
import type { Grant } from "./sign_ins.ts";

/** The part of Elysia's `set` that an answer needs. */
interface HeadersToSet {
  readonly headers: Record<string, string | number>;
}

/** Tells a user who has signed in. With `asCookie`, the refresh token goes into the cookie alone. */
export type GrantAnswer = (
  grant: Grant,
  asCookie: boolean | undefined,
  set: HeadersToSet,
) => SignInAnswer | CookieSignInAnswer;

/**
 * @param accessTokenSeconds the life of an access token.
 * @param refreshTokenSeconds the life of a refresh token that is not used.
 */
export function grantAnswers(accessTokenSeconds: number, refreshTokenSeconds: number): GrantAnswer {
  return ({ account, accessToken, refreshToken, device }, asCookie, set) => {
    const answer = {
      access_token: accessToken,
      token_type: "bearer",
      expires_in: accessTokenSeconds,
      device,
      user: account,
    } as const;
    if (!asCookie) return { ...answer, refresh_token: refreshToken };
    set.headers["set-cookie"] = refreshCookie(refreshToken, refreshTokenSeconds);
    return answer;
  };
}
