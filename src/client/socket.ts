import type { Subprotocol } from "./frames.ts";

/** What lets a socket in: a header, or a single-use ticket where headers cannot be set. */
export type Pass = { readonly accessToken: string } | { readonly ticket: string };

/** Whether this platform's WebSocket takes headers: Bun's does, the standard's does not. */
export const takesHeaders = "Bun" in globalThis;

/** The constructor as Bun has it; the DOM's types know only the standard one. */
type SocketWithHeaders = new (
  address: URL,
  options: { readonly protocols: string[]; readonly headers: Record<string, string> },
) => WebSocket;

/**
 * Begins to open the server's socket. Neither kind of pass ever stands in the address, where logs
 * and proxies would keep it.
 *
 * @param server `http://host:port`, or https.
 */
export function openSocket(server: string, subprotocol: Subprotocol, pass: Pass): WebSocket {
  const address = new URL("ws", server.endsWith("/") ? server : `${server}/`);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const socket =
    "ticket" in pass
      ? new WebSocket(address, [subprotocol, `ticket.${pass.ticket}`])
      : new (WebSocket as unknown as SocketWithHeaders)(address, {
          protocols: [subprotocol],
          headers: { Authorization: `Bearer ${pass.accessToken}` },
        });
  socket.binaryType = "arraybuffer";
  return socket;
}
