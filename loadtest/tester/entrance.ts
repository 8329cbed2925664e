import { asHubbubError } from "../../src/client/errors.ts";
import type { Subprotocol } from "../../src/client/frames.ts";
import { hubbubAddress } from "./address.ts";
import { backoffMs } from "./backoff.ts";
import type { Inflater } from "./inflater.ts";
import type { Pass } from "./pass.ts";
import type { Random } from "./random.ts";
import { type SocketEvents, TesterSocket } from "./socket.ts";

/** A user who was turned away so often in a row gives up. */
const MOST_ATTEMPTS = 20;

interface Options {
  readonly url: string;
  readonly subprotocol: Subprotocol;
  readonly pass: Pass;
  readonly random: Random;
  readonly events: SocketEvents;
  readonly inflater: Inflater;
  /** A connection has been begun. */
  readonly onSocket: (socket: TesterSocket) => void;
  /** Counts a refusal by its code. */
  readonly onRefusal: (code: string) => void;
  /** It is no use trying any more. */
  readonly onGivingUp: () => void;
  /** Runs something after so many ms. */
  readonly after: (waitMs: number, run: () => void) => void;
}

/** Gets one user in: token, socket, and again with back-off where that fails. */
export class Entrance {
  readonly #options: Options;
  #attempts = 0;
  #isShut = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** The server has welcomed the user. */
  succeeded(): void {
    this.#attempts = 0;
  }

  /** No further attempt is made. */
  shut(): void {
    this.#isShut = true;
  }

  /** Opens a socket. Where no token is to be had, another attempt follows by itself. */
  async open(): Promise<void> {
    const { url, subprotocol, pass, events, inflater, onSocket, onRefusal, onGivingUp } =
      this.#options;
    let token: string;
    try {
      token = await pass.accessToken();
    } catch (thrown) {
      if (this.#isShut) return;
      const error = asHubbubError(thrown);
      onRefusal(error.code);
      if (error.action === "retry later") this.again(error.retryAfterMs);
      else onGivingUp();
      return;
    }
    if (this.#isShut) return;
    onSocket(new TesterSocket(hubbubAddress(url, token, subprotocol), events, inflater));
  }

  /** @param retryAfterMs what the server asked for; 0 where it did not say. */
  again(retryAfterMs = 0): void {
    if (this.#isShut) return;
    if (this.#attempts >= MOST_ATTEMPTS) return this.#options.onGivingUp();
    const waitMs = retryAfterMs + backoffMs(this.#attempts++, this.#options.random);
    this.#options.after(waitMs, () => {
      if (!this.#isShut) void this.open();
    });
  }
}
