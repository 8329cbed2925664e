import type { Server } from "bun";
import type { Log } from "../monitor/log.ts";
import type { PageName } from "./bundle.ts";
import { securityHeaders } from "./headers.ts";
import { chooseCoding, matches } from "./negotiation.ts";
import type { ServedFile } from "./pack.ts";
import { bringPages, type Freely } from "./source.ts";

type Answer = Response | Promise<Response>;

interface Options<Data> {
  /** Answers for addresses under which there is no page. */
  readonly otherwise: (request: Request, server: Server<Data>) => Answer;
  /** Whether a request came over https. */
  readonly isHttps: (request: Request, peer: string | undefined) => boolean;
  readonly freely: Freely;
  readonly log: Log;
}

const FOREVER = "public, max-age=31536000, immutable";
const ASK_EACH_TIME = "no-cache";

/**
 * The routes of the pages and of their assets. Bundled when the first of them is asked for, so that
 * a server whose pages nobody opens spends nothing on them; from then on they are in memory.
 */
export function pageRoutes<Data>({ otherwise, isHttps, freely, log }: Options<Data>) {
  let files: Promise<ReadonlyMap<string, ServedFile>> | undefined;

  /** Undefined where the pages cannot be had, which the log says; the next request tries again. */
  const bring = async (): Promise<ReadonlyMap<string, ServedFile> | undefined> => {
    files ??= bringPages(freely).then(
      (brought) => new Map(brought.map((file) => [file.path, file])),
    );
    const asked = files;
    try {
      return await asked;
    } catch (err) {
      if (files === asked) {
        files = undefined;
        log.error({ err }, "the pages could not be built");
      }
      return undefined;
    }
  };

  const answer = async (
    path: string,
    request: Request,
    server: Server<Data>,
  ): Promise<Response> => {
    const headers = securityHeaders(isHttps(request, server.requestIP(request)?.address));
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response(null, { status: 405, headers: { ...headers, allow: "GET, HEAD" } });
    }
    const brought = await bring();
    if (brought === undefined) return unavailable(headers);
    const file = brought.get(path);
    return file === undefined ? otherwise(request, server) : serveFile(file, request, headers);
  };

  const page = (name: PageName) => (request: Request, server: Server<Data>) =>
    answer(name, request, server);
  return {
    "/": page("chat"),
    "/c/*": page("chat"),
    "/monitor": page("monitor"),
    "/assets/*": (request: Request, server: Server<Data>) =>
      answer(new URL(request.url).pathname, request, server),
  };
}

function serveFile(
  file: ServedFile,
  request: Request,
  security: Readonly<Record<string, string>>,
): Response {
  const coding = chooseCoding(request.headers.get("accept-encoding"), file.bodies);
  const entityTag = `"${file.hash}-${coding}"`;
  const headers: Record<string, string> = {
    ...security,
    "cache-control": file.path.startsWith("/assets/") ? FOREVER : ASK_EACH_TIME,
    etag: entityTag,
    vary: "accept-encoding",
  };
  if (matches(request.headers.get("if-none-match"), entityTag)) {
    return new Response(null, { status: 304, headers });
  }
  headers["content-type"] = file.type;
  if (coding !== "identity") headers["content-encoding"] = coding;
  return new Response(file.bodies[coding] ?? null, { headers });
}

function unavailable(headers: Readonly<Record<string, string>>): Response {
  const text = "This page could not be built. The server's log says why.\n";
  return new Response(text, {
    status: 503,
    headers: { ...headers, "cache-control": "no-store", "retry-after": "5" },
  });
}
