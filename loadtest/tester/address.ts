import type { Subprotocol } from "../../src/client/frames.ts";

/** Where a WebSocket is, and what the request for it says. */
export interface Address {
  /** `http://host:port`, or https; a path is what the socket's is below. */
  readonly server: string;
  /** With its query, without a leading slash. */
  readonly path: string;
  /** Beside those that every WebSocket's request has. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Hubbub's own socket. */
export function hubbubAddress(
  server: string,
  accessToken: string,
  subprotocol: Subprotocol,
): Address {
  const headers = {
    "Sec-WebSocket-Protocol": subprotocol,
    Authorization: `Bearer ${accessToken}`,
  };
  return { server, path: "ws", headers };
}

/** The same, opened as a browser does. */
export function ticketAddress(server: string, ticket: string, subprotocol: Subprotocol): Address {
  const headers = { "Sec-WebSocket-Protocol": `${subprotocol}, ticket.${ticket}` };
  return { server, path: "ws", headers };
}
