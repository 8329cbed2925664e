import type { Socket } from "bun";
import type { Address } from "./address.ts";
import { FrameReader } from "./frame_reader.ts";
import { OFFERED_EXTENSION, readHandshake } from "./handshake.ts";
import { FrameError, Inflater } from "./inflater.ts";

/** What a socket tells its user. */
export interface SocketEvents {
  /** Hot. A binary message: it lies in `bytes` from `from` up to `to`, until this call returns. */
  binary(bytes: Uint8Array, from: number, to: number): void;
  text(text: string): void;
  /**
   * The connection has ended, or never began. `reason` is the close code (1006 without a close
   * frame), the server's error code where it refused the upgrade, UNREACHABLE, INVALID_FRAME where what
   * the server sent is no WebSocket, or EXTENSION_NOT_OFFERED. Called once.
   */
  closed(reason: string): void;
}

const OPCODE = { TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;
const NORMAL_CLOSE = 1000;
const NO_CLOSE_FRAME = "1006";

/**
 * A WebSocket over Bun's TCP sockets, for virtual users. Beside Bun's own `WebSocket` it costs half
 * as much per frame (no event, no copy), it can be cut off in the middle, and it shows why the
 * server refused it, which the standard's interface hides.
 */
export class TesterSocket {
  readonly #events: SocketEvents;
  readonly #reader: FrameReader;
  readonly #inflater: Inflater;
  #socket: Socket | undefined;
  /** The answer to the handshake as far as it has come; undefined once that was read. */
  #handshake: Buffer | undefined = Buffer.alloc(0);
  #unsent: Buffer[] = [];
  #isClosed = false;

  /** @param inflater shared by those who are sent the same. */
  constructor(address: Address, events: SocketEvents, inflater = new Inflater()) {
    this.#events = events;
    this.#inflater = inflater;
    this.#reader = new FrameReader((opcode, bytes, from, to) =>
      this.#receive(opcode, bytes, from, to),
    );
    const url = new URL(address.server);
    const isSecure = url.protocol === "https:";
    const port = Number(url.port) || (isSecure ? 443 : 80);
    const opening = Bun.connect({
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port,
      tls: isSecure,
      socket: {
        open: (socket) => {
          this.#socket = socket;
          if (this.#isClosed) socket.terminate();
          else this.#write(Buffer.from(handshakeOf(url, address)));
        },
        data: (_, bytes) => this.#data(bytes),
        drain: () => this.#drain(),
        close: () => this.#end(this.#handshake ? "UNREACHABLE" : NO_CLOSE_FRAME),
        error: () => this.#end(NO_CLOSE_FRAME),
        connectError: () => this.#end("UNREACHABLE"),
      },
    });
    opening.catch(() => this.#end("UNREACHABLE"));
  }

  send(message: Uint8Array | string): void {
    if (typeof message === "string") this.#frame(OPCODE.TEXT, Buffer.from(message));
    else this.#frame(OPCODE.BINARY, message);
  }

  /** Closes in order; `closed` is not called any more. */
  close(): void {
    if (this.#isClosed) return;
    const code = Buffer.alloc(2);
    code.writeUInt16BE(NORMAL_CLOSE);
    this.#frame(OPCODE.CLOSE, code);
    this.#isClosed = true;
    this.#socket?.end();
  }

  /** Cuts the connection without a word, as a network does; `closed` is not called any more. */
  cut(): void {
    this.#isClosed = true;
    this.#socket?.terminate();
  }

  #data(bytes: Buffer): void {
    if (this.#isClosed) return;
    if (this.#handshake === undefined) return this.#read(bytes);
    this.#handshake = Buffer.concat([this.#handshake, bytes]);
    const answer = readHandshake(this.#handshake);
    if (answer === undefined) return;
    if (answer.refusal !== undefined) {
      this.#end(answer.refusal);
      this.#socket?.terminate();
      return;
    }
    const rest = this.#handshake.subarray(answer.bytes);
    this.#handshake = undefined;
    if (answer.deflates) this.#reader.inflater = this.#inflater;
    if (rest.length > 0) this.#read(rest);
  }

  #read(bytes: Uint8Array): void {
    try {
      this.#reader.read(bytes);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#end("INVALID_FRAME");
      this.#socket?.terminate();
    }
  }

  #receive(opcode: number, bytes: Uint8Array, from: number, to: number): void {
    // What follows a close in one read is not for the user any more.
    if (this.#isClosed) return;
    if (opcode === OPCODE.BINARY) this.#events.binary(bytes, from, to);
    else if (opcode === OPCODE.TEXT) {
      this.#events.text(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString());
    } else if (opcode === OPCODE.PING) this.#frame(OPCODE.PONG, bytes.slice(from, to));
    else if (opcode === OPCODE.CLOSE) {
      const code = to - from >= 2 ? (bytes[from] as number) * 256 + (bytes[from + 1] as number) : 0;
      this.#frame(OPCODE.CLOSE, bytes.slice(from, Math.min(to, from + 2)));
      this.#socket?.end();
      this.#end(code === 0 ? NO_CLOSE_FRAME : String(code));
    }
  }

  /** RFC 6455, section 5.2; masked as clients must, by zeros, which leave the payload as it is. */
  #frame(opcode: number, payload: Uint8Array): void {
    const { length } = payload;
    const extraBytes = length < 126 ? 0 : length < 0x10000 ? 2 : 8;
    const frame = Buffer.alloc(6 + extraBytes + length);
    frame[0] = 0x80 | opcode;
    frame[1] = 0x80 | (extraBytes === 0 ? length : extraBytes === 2 ? 126 : 127);
    if (extraBytes === 2) frame.writeUInt16BE(length, 2);
    else if (extraBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2);
    frame.set(payload, 6 + extraBytes);
    this.#write(frame);
  }

  #write(bytes: Buffer): void {
    if (this.#isClosed || this.#socket === undefined) return;
    if (this.#unsent.length > 0) {
      this.#unsent.push(bytes);
      return;
    }
    const written = Math.max(0, this.#socket.write(bytes));
    if (written < bytes.length) this.#unsent.push(bytes.subarray(written));
  }

  #drain(): void {
    const waiting = this.#unsent;
    this.#unsent = [];
    for (const bytes of waiting) this.#write(bytes);
  }

  #end(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#events.closed(reason);
  }
}

function handshakeOf(url: URL, { path, headers }: Address): string {
  const folder = url.pathname.endsWith("/") ? url.pathname : `${url.pathname}/`;
  return [
    `GET ${folder}${path} HTTP/1.1`,
    `Host: ${url.host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64")}`,
    `Sec-WebSocket-Extensions: ${OFFERED_EXTENSION}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    "",
    "",
  ].join("\r\n");
}
