import type { Socket } from "../../src/session/session.ts";
import type { Outgoing } from "../../src/wire/encoding.ts";

/** A frame that has left the server and has not been read by the client. */
interface Held {
  readonly frame: Outgoing;
  readonly bytes: number;
}

/** Bun's pub/sub: publishing puts the frame into every subscriber's queue at once. */
export class TopicBus {
  readonly #subscribers = new Map<string, Set<FakeSocket>>();

  of(topic: string): Set<FakeSocket> {
    const subscribers = this.#subscribers.get(topic) ?? new Set();
    this.#subscribers.set(topic, subscribers);
    return subscribers;
  }

  readonly publish = (topic: string, frame: Outgoing): void => {
    for (const socket of this.of(topic)) socket.send(frame);
  };
}

interface Options {
  readonly bus: TopicBus;
  /** Held back this much, the next frame is dropped and the socket lost, as Bun does it. */
  readonly backpressureBytes: number;
  /** Sees every frame that the server sends, in order, whether or not it arrives. */
  readonly observe: (frame: Outgoing) => void;
  /** The server's close handler, called within `close` as Bun does. */
  readonly onClose: (code: number) => void;
}

/** The server's end of a connection, and the network behind it. */
export class FakeSocket implements Socket {
  readonly #options: Options;
  readonly #topics = new Set<string>();
  #held: Held[] = [];
  #heldBytes = 0;
  /** How the server's end was closed; undefined while it is open. */
  closeCode: number | undefined;
  /** Past the limit: nothing more goes out or comes in, and the close is on its way. */
  isLost = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** The connection is whole. */
  get isOpen(): boolean {
    return this.closeCode === undefined && !this.isLost;
  }

  get hasFrames(): boolean {
    return this.#held.length > 0;
  }

  send(frame: Outgoing): void {
    if (this.closeCode !== undefined) return;
    this.#options.observe(frame);
    if (this.#heldBytes > this.#options.backpressureBytes) this.isLost = true;
    if (this.isLost) return;
    const bytes = typeof frame === "string" ? Buffer.byteLength(frame) : frame.length;
    this.#held.push({ frame, bytes });
    this.#heldBytes += bytes;
  }

  cork(send: () => void): void {
    send();
  }

  subscribe(topic: string): void {
    if (this.closeCode !== undefined) return;
    this.#topics.add(topic);
    this.#options.bus.of(topic).add(this);
  }

  unsubscribe(topic: string): void {
    this.#topics.delete(topic);
    this.#options.bus.of(topic).delete(this);
  }

  getBufferedAmount(): number {
    return this.closeCode === undefined ? this.#heldBytes : 0;
  }

  close(code: number): void {
    if (this.closeCode !== undefined) return;
    this.closeCode = code;
    for (const topic of this.#topics) this.#options.bus.of(topic).delete(this);
    this.#topics.clear();
    this.#options.onClose(code);
  }

  /** The client reads the next frame. */
  read(): Outgoing | undefined {
    const held = this.#held.shift();
    this.#heldBytes -= held?.bytes ?? 0;
    return held?.frame;
  }

  /** The machine at this end is gone. */
  cut(): void {
    this.closeCode ??= 1006;
  }
}
