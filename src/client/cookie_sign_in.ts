import { type Clock, systemClock } from "./clock.ts";
import { HubbubError } from "./errors.ts";
import { type Access, access, type Body, post, refreshed, type SecondFactor } from "./sign_in.ts";
import type { SharedSignIn } from "./token_keeper.ts";

/** An access token with less life than this left is not handed out again. */
const REFRESH_AHEAD_MS = 30_000;
/** All tabs of a browser that show pages of one server share this lock. */
const LOCK_NAME = "hubbub refresh";

/** The part of `navigator.locks` that is used. */
interface Locks {
  request<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/**
 * The sign-in of a browser. The refresh token is in a cookie that no script can read, and only pages
 * of the server's own host may use it; the access token is in this object's memory alone. To be
 * given to a HubbubClient as its credentials:
 *
 *     const credentials = new CookieSignIn(location.origin);
 *     if (needsPassword) await credentials.signIn(name, password);
 *     const client = new HubbubClient({ url: location.origin, credentials });
 *
 * Without `signIn` it goes on from an earlier visit, and throws SIGNED_OUT where there was none. The
 * calls throw HubbubError as those of sign_in.ts.
 */
export class CookieSignIn implements SharedSignIn {
  readonly #server: string;
  readonly #clock: Clock;
  readonly #locks: Locks | undefined;
  #held: Access | undefined;

  /** @param locks what keeps the tabs from refreshing at once; the browser's own. */
  constructor(
    server: string,
    clock: Clock = systemClock,
    locks: Locks | undefined = globalThis.navigator?.locks as Locks | undefined,
  ) {
    this.#server = server;
    this.#clock = clock;
    this.#locks = locks;
  }

  /**
   * @param device that of the last sign-in to the account from this browser.
   * @throws SecondFactorRequired where the account asks for more than its password.
   */
  signIn(name: string, password: string, device?: string): Promise<Access> {
    const known = device === undefined ? {} : { device };
    return this.#enter("auth/token", { name, password, ...known });
  }

  /**
   * As finishSignIn of sign_in.ts; also by a passkey, which is what `PublicKeyCredential.toJSON()`
   * gives. A challenge takes one passkey only: after PASSKEY_REFUSED the password is needed again.
   */
  finishSignIn({ challenge }: SecondFactor, proof: string | object): Promise<Access> {
    const presented = typeof proof === "string" ? { code: proof } : { passkey: proof };
    return this.#enter("auth/token/factor", { challenge, ...presented });
  }

  register(name: string, password: string): Promise<Access> {
    return this.#enter("auth/register", { name, password });
  }

  /** Ends the sign-in in all tabs, and removes the cookie. */
  async signOut(): Promise<void> {
    this.#held = undefined;
    await this.#alone(() => post(this.#server, "auth/logout"));
  }

  /** Sets another password. All other sign-ins of the account end; this one goes on. */
  async changePassword(current: string, next: string): Promise<void> {
    const { accessToken } = await this.renew(undefined);
    const body = { current_password: current, new_password: next, cookie: true };
    await this.#alone(async () => {
      this.#held = await access(this.#server, "auth/password", body, this.#clock, accessToken);
    });
  }

  async renew(refused: string | undefined): Promise<Access> {
    const held = this.#held;
    const isGood = held && held.accessExpiresAtMs - REFRESH_AHEAD_MS > this.#clock.nowMs();
    if (isGood && held.accessToken !== refused) return held;
    return this.#alone(async () => {
      this.#held = await refreshed(this.#server, {}, this.#clock);
      return this.#held;
    });
  }

  #enter(path: string, body: Body): Promise<Access> {
    return this.#alone(async () => {
      const granted = await access(this.#server, path, { ...body, cookie: true }, this.#clock);
      if (granted.refreshToken !== undefined) {
        throw new HubbubError("UNEXPECTED_ANSWER", "The server does not keep sign-ins in cookies.");
      }
      this.#held = granted;
      return granted;
    });
  }

  /** Each tab reads the cookie that the one before it was given. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#locks === undefined ? work() : this.#locks.request(LOCK_NAME, work);
  }
}
