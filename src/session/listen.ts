import type { Server, WebSocketHandler } from "bun";
import type { Config } from "../config.ts";
import type { SocketData } from "./websocket.ts";

/** Bodies of HTTP requests are small; those of sign-in have a smaller bound of their own. */
const REQUEST_BODY_BYTES = 64 * 1024;

/** An HTTP connection on which nothing moves this long is closed, one that waits for us included. */
const IDLE_SECONDS = 30;

/** The port could not be opened, with a sentence for the person who runs the server. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** What answers requests. */
export interface Handlers {
  readonly routes: Readonly<
    Record<
      string,
      (
        request: Request,
        server: Server<SocketData>,
      ) => Response | undefined | Promise<Response | undefined>
    >
  >;
  /** Answers what no route does. */
  readonly fetch: (request: Request, server: Server<SocketData>) => Response | Promise<Response>;
  readonly websocket: WebSocketHandler<SocketData>;
}

/**
 * Opens the port for HTTP and WebSockets.
 *
 * @throws ListenError where it is taken or may not be used.
 */
export function listen({ host, port }: Config, handlers: Handlers): Server<SocketData> {
  try {
    return Bun.serve<SocketData, string>({
      ...handlers,
      hostname: host,
      port,
      // Two servers must not share a port unnoticed.
      reusePort: false,
      maxRequestBodySize: REQUEST_BODY_BYTES,
      // A sign-in may wait that long for its hash: see auth/hasher.ts.
      idleTimeout: IDLE_SECONDS,
      development: false,
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new ListenError(
      code === "EADDRINUSE"
        ? `Port ${port} of ${host} is taken. Stop what uses it, or name another with --port.`
        : `Hubbub cannot listen on ${host}:${port} (${code}). Name another address with --host or another port with --port.`,
    );
  }
}

/** The server's address as a URL without a path: `http://127.0.0.1:4000`. */
export function urlOf({ hostname = "localhost", port }: Server<SocketData>): string {
  // RFC 3986, section 3.2.2: an IPv6 address stands in brackets.
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
