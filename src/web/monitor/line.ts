import { type Clock, systemClock } from "../../client/clock.ts";
import type { Connection, Ending } from "../../client/connection.ts";
import type { CookieSignIn } from "../../client/cookie_sign_in.ts";
import { Dialer } from "../../client/dialer.ts";
import { HubbubError } from "../../client/errors.ts";
import type { Answer, CommandFields, CommandName } from "../../client/frames.ts";
import { Reconnector } from "../../client/reconnector.ts";
import type { Welcome } from "../../wire/gen/hubbub/v1/events_pb.ts";

/** How the page stands with the server. */
export type LineState =
  | { readonly kind: "connecting" }
  | { readonly kind: "online" }
  /** `retryAtMs` by this machine's clock. */
  | { readonly kind: "waiting"; readonly retryAtMs: number }
  /** It does not come back by itself. */
  | { readonly kind: "stopped"; readonly error: HubbubError };

interface Options {
  readonly credentials: CookieSignIn;
  readonly onState: (state: LineState) => void;
  readonly onWelcome: (welcome: Welcome) => void;
}

/**
 * A socket like everybody's, kept open, on which nothing is ever resumed: so no message is delivered
 * to a page that shows none, whatever channels its account is in.
 */
export class Line {
  readonly #options: Options;
  readonly #clock: Clock = systemClock;
  readonly #dialer: Dialer;
  readonly #reconnector: Reconnector;
  #connection: Connection | undefined;

  constructor(options: Options) {
    this.#options = options;
    const { credentials, onState } = options;
    this.#dialer = new Dialer({ url: location.origin, credentials }, this.#clock);
    this.#reconnector = new Reconnector({
      clock: this.#clock,
      random: Math.random,
      connect: () => this.#connectOnce(),
      onSignedOut: () => this.#dialer.distrustToken(),
      onState: (state, { retryInMs = 0 }) => {
        if (state === "waiting") onState({ kind: "waiting", retryAtMs: Date.now() + retryInMs });
        else if (state === "connecting" || state === "online") onState({ kind: state });
      },
      onStop: (error) => onState({ kind: "stopped", error }),
    });
    this.#reconnector.start();
  }

  get isReady(): boolean {
    return this.#connection?.isReady ?? false;
  }

  /** @throws HubbubError as Connection's. */
  async request<Name extends CommandName>(
    name: Name,
    fields: CommandFields<Name>,
  ): Promise<Answer<Name>> {
    const connection = this.#connection;
    if (connection === undefined) throw new HubbubError("DISCONNECTED", "There is no connection.");
    return connection.request(name, fields);
  }

  /** Tries to connect now, where it waits to. */
  tryNow(): void {
    this.#reconnector.tryNow();
  }

  close(): void {
    this.#reconnector.stop();
    this.#connection?.close();
  }

  async #connectOnce(): Promise<Ending> {
    const connection = await this.#dialer.dial((event) => {
      if (event.case === "welcome") {
        this.#reconnector.online();
        this.#options.onWelcome(event.value);
      } else if (event.case === "goingAway" && this.#connection !== undefined) {
        this.#reconnector.comeBackAfter(event.value, this.#connection);
      }
    });
    this.#connection = connection;
    return connection.ended;
  }
}
