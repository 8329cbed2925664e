import type { Clock } from "./clock.ts";
import {
  type Access,
  changePassword,
  finishSignIn,
  refresh,
  type SecondFactor,
  SecondFactorRequired,
  type SignIn,
  signIn,
} from "./sign_in.ts";

/** How a client proves who it is: by password once, or by an earlier sign-in. */
export type Credentials =
  | PasswordCredentials
  | { readonly refreshToken: string }
  | SignIn
  | SharedSignIn;

export interface PasswordCredentials {
  readonly name: string;
  readonly password: string;
  /** Gives a one-time or recovery code, where the account asks for one after its password. */
  readonly code?: (secondFactor: SecondFactor) => string | Promise<string>;
}

/**
 * A sign-in that several clients share, such as the tabs of a browser: only one of them refreshes at
 * a time, and the others go on from what it got.
 */
export interface SharedSignIn {
  /**
   * Returns a sign-in whose access token is good. `refused` is an access token that is not good
   * any more, whatever its expiry says. Throws HubbubError SIGNED_OUT when the sign-in has ended.
   */
  renew(refused: string | undefined): Promise<Access>;
}

/** A token is refreshed this long before it expires, or after four fifths of a shorter life. */
const REFRESH_AHEAD_MS = 30_000;

interface Options {
  readonly server: string;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** Told every new sign-in of its own before it is used, so that a crash does not lose the token. */
  readonly onSignIn: (signIn: SignIn) => void | Promise<void>;
}

/**
 * Holds the newest sign-in and renews it when it must. The password is used once: when the sign-in
 * that it gave is ended, on this or another device, it stays ended.
 */
export class TokenKeeper {
  readonly #options: Options;
  #held: Access | SignIn | undefined;
  #refreshAtMs = 0;
  #renewal: Promise<Access> | undefined;

  constructor(options: Options) {
    this.#options = options;
    if ("accessToken" in options.credentials) this.#keep(options.credentials);
  }

  /**
   * A token that is good for now.
   *
   * @throws HubbubError SIGNED_OUT when the refresh token is refused, INVALID_CREDENTIALS when the
   * password is, SECOND_FACTOR_REQUIRED when it is not enough and there is no code; others as the calls of sign_in.ts give them.
   */
  async accessToken(): Promise<string> {
    const { clock } = this.#options;
    if (this.#held && clock.nowMs() < this.#refreshAtMs) return this.#held.accessToken;
    // Two refreshes at once would end with two tokens, of which only one can be gone on with.
    this.#renewal ??= this.#whileOthersWait(() => this.#ask());
    return (await this.#renewal).accessToken;
  }

  /**
   * Sets another password, and goes on under the tokens that this brings.
   *
   * @throws HubbubError as `changePassword` in sign_in.ts.
   */
  async changePassword(current: string, next: string): Promise<void> {
    const { server, credentials, clock } = this.#options;
    if ("renew" in credentials) {
      throw new Error("client/token_keeper: a shared sign-in changes its password itself");
    }
    const accessToken = await this.accessToken();
    // Whoever asks for a token meanwhile would refresh one that is about to become void.
    this.#renewal = this.#whileOthersWait(() =>
      changePassword(server, accessToken, current, next, clock),
    );
    await this.#renewal;
  }

  /** The server refused the token: the next one is a fresh one. */
  distrust(): void {
    this.#refreshAtMs = 0;
  }

  async #whileOthersWait(renew: () => Promise<Access | SignIn>): Promise<Access> {
    try {
      const fresh = await renew();
      this.#keep(fresh);
      if ("refreshToken" in fresh) await this.#options.onSignIn(fresh);
      return fresh;
    } finally {
      this.#renewal = undefined;
    }
  }

  async #ask(): Promise<Access | SignIn> {
    const { server, credentials, clock } = this.#options;
    if ("renew" in credentials) return credentials.renew(this.#held?.accessToken);
    if (!this.#held && "password" in credentials) {
      return this.#byPassword(credentials);
    }
    const held = this.#held ?? credentials;
    if (!("refreshToken" in held)) throw new Error("client/token_keeper: nothing to refresh");
    return refresh(server, held.refreshToken, clock);
  }

  async #byPassword({ name, password, code }: PasswordCredentials): Promise<SignIn> {
    const { server, clock } = this.#options;
    try {
      return await signIn(server, name, password, clock);
    } catch (error) {
      if (!(error instanceof SecondFactorRequired) || code === undefined) throw error;
      const { secondFactor } = error;
      return finishSignIn(server, secondFactor, await code(secondFactor), clock);
    }
  }

  #keep(access: Access | SignIn): void {
    const lifeMs = access.accessExpiresAtMs - this.#options.clock.nowMs();
    this.#held = access;
    this.#refreshAtMs = access.accessExpiresAtMs - Math.min(REFRESH_AHEAD_MS, lifeMs / 5);
  }
}
