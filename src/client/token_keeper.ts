import type { Clock } from "./clock.ts";
import { refresh, type SignIn, signIn } from "./sign_in.ts";

/** How a client proves who it is: by password once, or by an earlier sign-in. */
export type Credentials =
  | { readonly name: string; readonly password: string }
  | { readonly refreshToken: string }
  | SignIn
  | SharedSignIn;

/**
 * A sign-in that several clients share, such as the tabs of a browser: a refresh token is good for
 * one use, so only one of them may refresh at a time, and the others take what it got.
 */
export interface SharedSignIn {
  /**
   * Returns a sign-in whose access token is good. `refused` is an access token that is not good
   * any more, whatever its expiry says. Throws HubbubError SIGNED_OUT when the sign-in has ended.
   */
  renew(refused: string | undefined): Promise<SignIn>;
}

/** A token is refreshed this long before it expires, or after four fifths of a shorter life. */
const REFRESH_AHEAD_MS = 30_000;

interface Options {
  readonly server: string;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** Told every new sign-in before it is used, so that a crash does not lose the refresh token. */
  readonly onSignIn: (signIn: SignIn) => void | Promise<void>;
}

/**
 * Holds the newest sign-in and renews it when it must. The password is used once: when the sign-in
 * that it gave is ended, on this or another device, it stays ended.
 */
export class TokenKeeper {
  readonly #options: Options;
  #signIn: SignIn | undefined;
  #refreshAtMs = 0;
  #renewal: Promise<SignIn> | undefined;

  constructor(options: Options) {
    this.#options = options;
    if ("accessToken" in options.credentials) this.#keep(options.credentials);
  }

  /**
   * A token that is good for now.
   *
   * @throws HubbubError SIGNED_OUT when the refresh token is refused, INVALID_CREDENTIALS when the
   * password is; others as the calls of sign_in.ts give them.
   */
  async accessToken(): Promise<string> {
    const { clock } = this.#options;
    if (this.#signIn && clock.nowMs() < this.#refreshAtMs) return this.#signIn.accessToken;
    // Two refreshes at once would use one token twice, which the server takes for theft.
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = undefined;
    });
    return (await this.#renewal).accessToken;
  }

  /** The server refused the token: the next one is a fresh one. */
  distrust(): void {
    this.#refreshAtMs = 0;
  }

  async #renew(): Promise<SignIn> {
    const fresh = await this.#ask();
    this.#keep(fresh);
    await this.#options.onSignIn(fresh);
    return fresh;
  }

  async #ask(): Promise<SignIn> {
    const { server, credentials, clock } = this.#options;
    if ("renew" in credentials) return credentials.renew(this.#signIn?.accessToken);
    if (!this.#signIn && "password" in credentials) {
      return signIn(server, credentials.name, credentials.password, clock);
    }
    const held = this.#signIn ?? credentials;
    if (!("refreshToken" in held)) throw new Error("client/token_keeper: nothing to refresh");
    return refresh(server, held.refreshToken, clock);
  }

  #keep(signIn: SignIn): void {
    const lifeMs = signIn.accessExpiresAtMs - this.#options.clock.nowMs();
    this.#signIn = signIn;
    this.#refreshAtMs = signIn.accessExpiresAtMs - Math.min(REFRESH_AHEAD_MS, lifeMs / 5);
  }
}
