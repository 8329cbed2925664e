import type { ServerWebSocket } from "bun";
import type { Config } from "../config.ts";
import type { Outgoing } from "../wire/encoding.ts";
import type { Socket } from "./session.ts";

/**
 * Smaller frames go out as they are: at eight short messages, some 500 bytes, deflate saves a quarter of them,
 * at one nothing.
 */
const COMPRESS_FROM_BYTES = 512;

/** Whether a frame is worth compressing. */
export type Compresses = (frame: Outgoing) => boolean;

export function compressesFor({ compression }: Pick<Config, "compression">): Compresses {
  if (compression === "off") return () => false;
  return (frame) => frame.length >= COMPRESS_FROM_BYTES;
}

/** A socket that compresses what a session sends on it, where that is worth it. */
export class CompressingSocket implements Socket {
  readonly #socket: ServerWebSocket<unknown>;
  readonly #compresses: Compresses;

  constructor(socket: ServerWebSocket<unknown>, compresses: Compresses) {
    this.#socket = socket;
    this.#compresses = compresses;
  }

  send(frame: Outgoing): unknown {
    return this.#socket.send(frame, this.#compresses(frame));
  }

  cork(send: () => void): unknown {
    return this.#socket.cork(send);
  }

  subscribe(topic: string): unknown {
    return this.#socket.subscribe(topic);
  }

  unsubscribe(topic: string): unknown {
    return this.#socket.unsubscribe(topic);
  }

  close(code: number, reason: string): unknown {
    return this.#socket.close(code, reason);
  }

  getBufferedAmount(): number {
    return this.#socket.getBufferedAmount();
  }
}
