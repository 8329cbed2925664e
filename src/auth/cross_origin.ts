import type { Server } from "bun";

type Fetch<T> = (request: Request, server: Server<T>) => Response | Promise<Response>;

/**
 * Lets pages of the listed origins read every answer, those included that are given before a request is
 * looked at, and answers what their browsers ask first (https://fetch.spec.whatwg.org/#http-cors-protocol).
 * No credentials: such a page's tokens come in a header. The cookie is for our own pages.
 */
export function readableAcross<T>(listed: readonly string[], answer: Fetch<T>): Fetch<T> {
  return (request, server) => {
    const origin = request.headers.get("origin");
    if (origin === null || !listed.includes(origin)) return answer(request, server);
    // It costs nothing, and a browser takes no refusal of it for an answer.
    if (isPreflight(request)) return letRead(new Response(null, { status: 204 }), origin);
    const given = answer(request, server);
    if (given instanceof Promise) return given.then((response) => letRead(response, origin));
    return letRead(given, origin);
  };
}

function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers.has("access-control-request-method");
}

function letRead(response: Response, origin: string): Response {
  const { headers } = response;
  headers.set("access-control-allow-origin", origin);
  headers.set("access-control-allow-headers", "authorization, content-type");
  headers.set("access-control-allow-methods", "GET, POST, PATCH, DELETE");
  headers.set("access-control-expose-headers", "retry-after");
  headers.set("access-control-max-age", "600");
  headers.append("vary", "origin");
  return response;
}
