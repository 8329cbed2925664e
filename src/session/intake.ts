import { drainMicrotasks } from "bun:jsc";
import type { Delivery } from "../channels/delivery.ts";
import type { Incoming } from "../wire/encoding.ts";
import type { Session } from "./session.ts";

/** Carries one WebSocket message out: see receive.ts. */
type Receive = (session: Session, data: Incoming) => void;

interface Waiting {
  readonly session: Session;
  readonly data: Incoming;
}

/** So many bytes may wait at most; beyond that frames are carried out at once. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;
/** What a waiting frame costs beside its bytes: objects, a slot. An estimate, so that empty ones count. */
const FRAME_OVERHEAD_BYTES = 200;

/**
 * What clients send, carried out in the order in which it came. While a batch is being delivered in
 * several turns, frames wait until that is over, for nothing may begin or end receiving meanwhile.
 * It costs messages nothing: the next batch waits for the end of this one, too.
 */
export class Intake {
  readonly #delivery: Pick<Delivery, "isUnderWay" | "showNext">;
  readonly #receive: Receive;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;

  constructor(delivery: Pick<Delivery, "isUnderWay" | "showNext">, receive: Receive) {
    this.#delivery = delivery;
    this.#receive = receive;
  }

  /** Hot: one WebSocket message from a client. */
  take(session: Session, data: Incoming): void {
    if (!this.#delivery.isUnderWay && this.#waiting.length === 0) {
      return this.#receive(session, data);
    }
    this.#waiting.push({ session, data });
    this.#waitingBytes += data.length + FRAME_OVERHEAD_BYTES;
    if (this.#waitingBytes <= MOST_WAITING_BYTES) return;
    while (this.#delivery.isUnderWay) this.#delivery.showNext();
    this.carryOut();
  }

  /** Carries out what has waited; nothing is being delivered. */
  carryOut(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const { session, data } of waiting) {
      // A client that is gone without waiting for an answer does not know what became of its frame.
      if (session.isOpen) this.#receive(session, data);
      // As between two calls of Bun's: what the frame has begun goes on before the next one does.
      drainMicrotasks();
    }
  }
}
