import type { Event } from "../wire/gen/hubbub/v1/frames_pb.ts";
import type { Clock } from "./clock.ts";
import { Connection } from "./connection.ts";
import { HubbubError } from "./errors.ts";
import type { ClientOptions } from "./options.ts";
import { fetchTicket } from "./sign_in.ts";
import { openSocket, type Pass, takesHeaders } from "./socket.ts";
import { TokenKeeper } from "./token_keeper.ts";

/** Opens connections, each with a token or ticket that is good when it is used. */
export class Dialer {
  readonly #options: ClientOptions;
  readonly #clock: Clock;
  readonly #keeper: TokenKeeper;
  #needsTicket = !takesHeaders;

  constructor(options: ClientOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#keeper = new TokenKeeper({
      server: options.url,
      credentials: options.credentials,
      clock,
      onSignIn: options.onSignIn ?? (() => {}),
    });
  }

  /**
   * Begins a connection.
   *
   * @param onEvent see Connection.
   * @throws HubbubError SIGNED_OUT or INVALID_CREDENTIALS, which stay; INVALID_TOKEN, after which
   * the next try gets a fresh one; others as the calls of sign_in.ts give them.
   */
  async dial(onEvent: (event: Event["event"]) => void): Promise<Connection> {
    const { url, subprotocol = "hubbub.v1", answerMs = 30_000 } = this.#options;
    const socket = openSocket(url, subprotocol, await this.#pass());
    const connection = new Connection({
      socket,
      subprotocol,
      clock: this.#clock,
      answerMs,
      onEvent,
    });
    void connection.ended.then(({ welcomed }) => {
      // A socket that was not let in does not say why. Asking for a ticket does: it is refused
      // when the token is, and lets the socket in when something else was the matter.
      this.#needsTicket = !takesHeaders || !welcomed;
    });
    return connection;
  }

  /** As TokenKeeper's. */
  changePassword(current: string, next: string): Promise<void> {
    return this.#keeper.changePassword(current, next);
  }

  /** The server ended the sign-in: the next connection asks for a fresh token. */
  distrustToken(): void {
    this.#keeper.distrust();
  }

  async #pass(): Promise<Pass> {
    const accessToken = await this.#keeper.accessToken();
    if (!this.#needsTicket) return { accessToken };
    try {
      return { ticket: await fetchTicket(this.#options.url, accessToken) };
    } catch (error) {
      if (error instanceof HubbubError && error.code === "INVALID_TOKEN") this.#keeper.distrust();
      throw error;
    }
  }
}
