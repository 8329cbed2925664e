export interface HandshakeAnswer {
  /** How long the head of the answer is: frames begin there. */
  readonly bytes: number;
  /** The server's error code, or `HTTP_<status>`; undefined where the socket is open. */
  readonly refusal: string | undefined;
}

/** Reads the answer to a WebSocket handshake; undefined while it has not come whole. */
export function readHandshake(received: Buffer): HandshakeAnswer | undefined {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const bytes = headEnd + 4;
  const head = received.toString("latin1", 0, headEnd);
  const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1];
  if (status === "101") return { bytes, refusal: undefined };
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  if (received.length < bytes + length) return undefined;
  const body = received.toString("utf8", bytes, bytes + length);
  return { bytes, refusal: codeIn(body) ?? `HTTP_${status ?? "UNREADABLE"}` };
}

function codeIn(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: { code?: unknown } };
    return typeof error?.code === "string" ? error.code : undefined;
  } catch {
    return undefined;
  }
}
