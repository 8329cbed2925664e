import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { isOwnPage } from "./origin.ts";
import { Refusal } from "./refusal.ts";

/**
 * The refresh token of a browser, kept where no script can read it. The prefix makes browsers take
 * the cookie only from this very host, `Secure` and for all paths, so that no neighbour can put one
 * of its own in its place (RFC 6265bis, section 4.1.3.2). Browsers count http://localhost and
 * http://127.0.0.1 as secure.
 *
 * A cookie comes along whoever makes the browser send the request. So it counts for nothing but
 * requests of our own pages: `SameSite=Strict` keeps it from other sites, and `ownPageOnly` from
 * other hosts of this site.
 */
const NAME = "__Host-hubbub_refresh";
const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict";

/** The header `Set-Cookie` that keeps the token, for as long as it may be used. */
export function refreshCookie(token: string, lifeSeconds: number): string {
  return `${NAME}=${token}; ${ATTRIBUTES}; Max-Age=${lifeSeconds}`;
}

/** The header `Set-Cookie` that removes it. */
export const noRefreshCookie = `${NAME}=; ${ATTRIBUTES}; Max-Age=0`;

/**
 * The refresh token in the request's cookie, if there is one.
 *
 * @throws Refusal ORIGIN_REFUSED where there is one, and the request is not our own page's.
 */
export function refreshCookieOf(request: Request): string | undefined {
  const token = request.headers
    .get("cookie")
    ?.split(";")
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${NAME}=`))
    ?.slice(NAME.length + 1);
  if (token === undefined || token === "") return undefined;
  ownPageOnly(request);
  return token;
}

/** @throws Refusal ORIGIN_REFUSED where the request is not certainly one of our own pages. */
export function ownPageOnly(request: Request): void {
  if (!isOwnPage(request)) throw new Refusal(ErrorCode.ORIGIN_REFUSED);
}
