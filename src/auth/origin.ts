/**
 * Which web pages may use this server. A browser says where a page comes from in `Origin`, and no
 * page can lie about it; whoever sends none is not a browser, and has no user's login to misuse.
 */

/**
 * Whether the request comes from no page at all, from a page of this very host, or from one of the
 * origins listed. The scheme is not compared with ours: behind a proxy we do not know it.
 */
export function originAllowed(request: Request, listed: readonly string[]): boolean {
  const origin = request.headers.get("origin");
  return origin === null || isSameHost(origin, request) || listed.includes(origin);
}

/**
 * Whether the request certainly comes from a page of this very host: what a request must show that
 * is judged by a cookie. `Sec-Fetch-Site` also tells http from https, where a browser sends it.
 */
export function isOwnPage(request: Request): boolean {
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  return (
    origin !== null && isSameHost(origin, request) && (site ?? "same-origin") === "same-origin"
  );
}

function isSameHost(origin: string, request: Request): boolean {
  const host = request.headers.get("host");
  if (host === null || !URL.canParse(origin)) return false;
  const { host: originHost, protocol } = new URL(origin);
  if (protocol !== "http:" && protocol !== "https:") return false;
  // Through URL, so that a port that is the scheme's own may be written or not.
  const ours = `${protocol}//${host}`;
  return URL.canParse(ours) && new URL(ours).host === originHost;
}
