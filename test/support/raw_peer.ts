import { connect, type Socket } from "node:net";

/** A WebSocket frame as it lay on the wire. */
export interface WireFrame {
  readonly opcode: number;
  /** RSV1 is set: the payload is as permessage-deflate leaves it. */
  readonly isCompressed: boolean;
  readonly payload: Buffer;
}

/**
 * A peer that speaks WebSocket over bare TCP, to misbehave as no library lets one: it can stop
 * reading, fall silent, and send anything.
 */
export class RawPeer {
  readonly socket: Socket;
  #received: Buffer[] = [];
  isClosed = false;
  readonly #closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => this.#received.push(bytes));
    // A reset is one of the ways in which a server may end it.
    socket.on("error", () => {});
    this.#closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.isClosed = true;
        resolve();
      });
    });
  }

  /**
   * Connects and shakes hands; what the server sends from then on is kept.
   *
   * @param extension what the peer offers, such as `permessage-deflate`.
   */
  static async open(url: string, accessToken: string, extension?: string): Promise<RawPeer> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const peer = new RawPeer(socket);
    socket.write(
      [
        "GET /ws HTTP/1.1",
        `Host: ${hostname}:${port}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: hubbub.v1",
        `Authorization: Bearer ${accessToken}`,
        ...(extension === undefined ? [] : [`Sec-WebSocket-Extensions: ${extension}`]),
        "",
        "",
      ].join("\r\n"),
    );
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        const text = Buffer.concat(peer.#received).toString("latin1");
        if (!text.includes("\r\n\r\n")) return;
        socket.off("data", look);
        if (text.startsWith("HTTP/1.1 101")) resolve();
        else reject(new Error(text));
      };
      socket.on("data", look);
    });
    return peer;
  }

  /** What the server answered to the handshake. */
  get head(): string {
    return Buffer.concat(this.#received).toString("latin1").split("\r\n\r\n")[0] ?? "";
  }

  /** Sends a frame, masked as clients must (RFC 6455, section 5.3). */
  send(opcode: number, payload: Uint8Array, isCompressed = false): void {
    const length =
      payload.length < 126
        ? Buffer.from([0x80 | payload.length])
        : Buffer.from([0x80 | 126, payload.length >> 8, payload.length & 0xff]);
    // A mask of zeros leaves the payload as it is.
    this.socket.write(
      Buffer.concat([
        Buffer.from([0x80 | (isCompressed ? 0x40 : 0) | opcode]),
        length,
        Buffer.alloc(4),
        payload,
      ]),
    );
  }

  /** Stops reading: the kernel's buffers fill, then the server's. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Resolves when the connection has ended. */
  whenClosed(): Promise<void> {
    return this.#closed;
  }

  /** The whole frames received so far. */
  frames(): WireFrame[] {
    const bytes = Buffer.concat(this.#received);
    const frames: WireFrame[] = [];
    let at = bytes.indexOf("\r\n\r\n") + 4;
    while (at + 2 <= bytes.length) {
      const opcode = (bytes[at] as number) & 0x0f;
      const isCompressed = ((bytes[at] as number) & 0x40) !== 0;
      let length = (bytes[at + 1] as number) & 0x7f;
      let payloadAt = at + 2;
      if (length === 126) {
        length = bytes.readUInt16BE(at + 2);
        payloadAt = at + 4;
      } else if (length === 127) {
        length = Number(bytes.readBigUInt64BE(at + 2));
        payloadAt = at + 10;
      }
      if (payloadAt + length > bytes.length) break;
      frames.push({ opcode, isCompressed, payload: bytes.subarray(payloadAt, payloadAt + length) });
      at = payloadAt + length;
    }
    return frames;
  }

  /** The code of the server's close frame, if one came. */
  closeCode(): number | undefined {
    return this.frames()
      .find(({ opcode }) => opcode === 8)
      ?.payload.readUInt16BE(0);
  }

  destroy(): void {
    this.socket.destroy();
  }
}
