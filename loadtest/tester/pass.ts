import { HubbubError } from "../../src/client/errors.ts";
import { refresh, type SignIn, signIn } from "../../src/client/sign_in.ts";
import type { Account } from "../accounts.ts";

/** An access token with less life than this left is refreshed before it is used. */
const REFRESH_AHEAD_MS = 20_000;

/** What lets one virtual user in: signs in once with its password, refreshes from then on. */
export class Pass {
  readonly #server: string;
  readonly #account: Account;
  #signIn: SignIn | undefined;
  #isRefused = false;

  constructor(server: string, account: Account) {
    this.#server = server;
    this.#account = account;
  }

  /**
   * A token that should be good.
   *
   * @throws HubbubError as the server answered, or UNREACHABLE.
   */
  async accessToken(): Promise<string> {
    if (this.#signIn === undefined) {
      const { name, password } = this.#account;
      this.#signIn = await signIn(this.#server, name, password);
    } else if (this.#isRefused || this.#signIn.accessExpiresAtMs < Date.now() + REFRESH_AHEAD_MS) {
      this.#signIn = await this.#refreshed(this.#signIn);
    }
    this.#isRefused = false;
    return this.#signIn.accessToken;
  }

  /** The server did not take the token: the next one is a new one. */
  refused(): void {
    this.#isRefused = true;
  }

  async #refreshed(old: SignIn): Promise<SignIn> {
    try {
      return await refresh(this.#server, old.refreshToken);
    } catch (error) {
      if (!(error instanceof HubbubError) || error.code !== "SIGNED_OUT") throw error;
      const { name, password } = this.#account;
      return signIn(this.#server, name, password);
    }
  }
}
