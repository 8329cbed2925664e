/**
 * What the tester offers: messages compressed each by itself (RFC 7692, section 7.1.1), so that
 * a receiver needs to keep nothing and all of them get the same bytes.
 */
export const OFFERED_EXTENSION =
  "permessage-deflate; client_no_context_takeover; server_no_context_takeover";

export interface HandshakeAnswer {
  /** How long the head of the answer is: frames begin there. */
  readonly bytes: number;
  /** The server's error code, or `HTTP_<status>`; undefined where the socket is open. */
  readonly refusal: string | undefined;
  /** Messages may come compressed. */
  readonly deflates: boolean;
}

/** Reads the answer to a WebSocket handshake; undefined while it has not come whole. */
export function readHandshake(received: Buffer): HandshakeAnswer | undefined {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const bytes = headEnd + 4;
  const head = received.toString("latin1", 0, headEnd);
  const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1];
  if (status === "101") return { bytes, ...agreement(head) };
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  if (received.length < bytes + length) return undefined;
  const body = received.toString("utf8", bytes, bytes + length);
  const refusal = codeIn(body) ?? `HTTP_${status ?? "UNREADABLE"}`;
  return { bytes, refusal, deflates: false };
}

/** A server may take the extension or leave it, but not change what matters here. */
function agreement(head: string): Omit<HandshakeAnswer, "bytes"> {
  const taken = /\r\nsec-websocket-extensions: *([^\r]*)/i.exec(head)?.[1];
  if (taken === undefined) return { refusal: undefined, deflates: false };
  const [name, ...parameters] = taken.split(";").map((part) => part.trim().toLowerCase());
  const isAsOffered =
    name === "permessage-deflate" && parameters.includes("server_no_context_takeover");
  return { refusal: isAsOffered ? undefined : "EXTENSION_NOT_OFFERED", deflates: isAsOffered };
}

function codeIn(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: { code?: unknown } };
    return typeof error?.code === "string" ? error.code : undefined;
  } catch {
    return undefined;
  }
}
