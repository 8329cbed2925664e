import { type ReadonlySignal, signal } from "@preact/signals";
import { CookieSignIn } from "../../client/cookie_sign_in.ts";
import { asHubbubError, type HubbubError } from "../../client/errors.ts";
import type { Access, SecondFactor, User } from "../../client/sign_in.ts";
import { nameKey } from "../../wire/names.ts";
import { Chat } from "./chat.ts";
import { Kept } from "./keeping/kept.ts";
import { UnsentMessages } from "./keeping/unsent_messages.ts";
import { Navigation } from "./route.ts";

/** What the page shows. */
export type Phase =
  /** Finding out whether somebody is signed in. */
  | { readonly kind: "starting" }
  /** The server did not say, and is asked again. */
  | { readonly kind: "unreachable"; readonly error: HubbubError; readonly retryAtMs: number }
  | { readonly kind: "signed out"; readonly notice: string | undefined }
  | { readonly kind: "signed in"; readonly chat: Chat };

const RETRY_MS = 5_000;
/** Unsent messages have that long to be sent when somebody signs out. */
const FLUSH_MS = 3_000;
/** Under which it is kept who is signed in, so that a first visit asks the server nothing. */
const SIGNED_IN = "signed in";

/** The page from its loading to its end: who is signed in, and the chat of that account. */
export class App {
  readonly navigation = new Navigation();
  readonly credentials = new CookieSignIn(location.origin);
  readonly #kept = new Kept("hubbub/");
  readonly #devices = this.#kept.under("device");
  readonly #phase = signal<Phase>({ kind: "starting" });
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    // Another tab has signed in.
    this.#kept.onChange((key, value) => {
      if (key !== SIGNED_IN || value === undefined) return;
      if (this.#phase.value.kind === "signed out") void this.start();
    });
  }

  get phase(): ReadonlySignal<Phase> {
    return this.#phase;
  }

  /** Goes on from an earlier visit, if there was one. */
  async start(): Promise<void> {
    clearTimeout(this.#retry);
    if (this.#kept.get(SIGNED_IN) === undefined) {
      this.#leave(undefined);
      return;
    }
    try {
      const { user } = await this.credentials.renew(undefined);
      await this.#enter(user);
    } catch (thrown) {
      const error = asHubbubError(thrown);
      if (error.action === "sign in again") this.#leave("Your sign-in has ended.");
      else if (error.code === "ACCOUNT_DISABLED") this.#leave(error.text);
      else {
        const delayMs = Math.max(RETRY_MS, error.retryAfterMs);
        const retryAtMs = Date.now() + delayMs;
        this.#phase.value = { kind: "unreachable", error, retryAtMs };
        this.#retry = setTimeout(() => void this.start(), delayMs);
      }
    }
  }

  /** @throws HubbubError as the server refuses it, and SecondFactorRequired. */
  async signIn(name: string, password: string): Promise<void> {
    const device = this.#devices.get(nameKey(name));
    await this.#granted(await this.credentials.signIn(name, password, device));
  }

  /** As signIn, after SecondFactorRequired: by a code, or a passkey's answer. */
  async finishSignIn(secondFactor: SecondFactor, proof: string | object): Promise<void> {
    await this.#granted(await this.credentials.finishSignIn(secondFactor, proof));
  }

  /** @throws HubbubError as the server refuses it. */
  async register(name: string, password: string): Promise<void> {
    await this.#granted(await this.credentials.register(name, password));
  }

  /** Ends the sign-in, and removes what this browser keeps of what was written. */
  async signOut(chat: Chat): Promise<void> {
    await chat.client.close({ flushMs: FLUSH_MS });
    await chat.close();
    const kept = this.#keptOf(chat.user);
    kept.under("draft").clear();
    kept.under("unsent").clear();
    try {
      await this.credentials.signOut();
      this.#leave(undefined);
    } catch {
      this.#leave("The server did not hear that you signed out. End the session from elsewhere.");
    }
  }

  async #granted({ user, device }: Access): Promise<void> {
    if (device !== undefined) this.#devices.set(nameKey(user.name), device);
    await this.#enter(user);
    this.#kept.set(SIGNED_IN, `${user.name} ${Date.now()}`);
  }

  async #enter(user: User): Promise<void> {
    const kept = this.#keptOf(user);
    const { messages, unsent } = await UnsentMessages.open(kept.under("unsent"));
    const chat = new Chat({
      user,
      credentials: this.credentials,
      kept,
      messages,
      unsent,
      navigation: this.navigation,
      onSignedOut: (error) => void this.#signedOut(chat, error),
      onOtherUser: () => void this.#otherUser(chat),
    });
    this.#phase.value = { kind: "signed in", chat };
  }

  async #signedOut(chat: Chat, error: HubbubError): Promise<void> {
    await chat.close();
    this.#leave(
      error.code === "SIGNED_OUT" ? "You were signed out. Sign in to go on." : error.text,
    );
  }

  async #otherUser(chat: Chat): Promise<void> {
    this.#phase.value = { kind: "starting" };
    await chat.close();
    await this.start();
  }

  #leave(notice: string | undefined): void {
    this.#kept.remove(SIGNED_IN);
    document.title = "Hubbub";
    this.#phase.value = { kind: "signed out", notice };
  }

  #keptOf({ id, name }: User): Kept {
    return this.#kept.under(`account ${id} ${nameKey(name)}`);
  }
}
