import { type ReadonlySignal, signal } from "@preact/signals";
import { CookieSignIn } from "../../client/cookie_sign_in.ts";
import { asHubbubError, type HubbubError } from "../../client/errors.ts";
import type { Access, SecondFactor } from "../../client/sign_in.ts";
import { nameKey } from "../../wire/names.ts";
import { Kept } from "../chat/keeping/kept.ts";
import { Watch } from "./watch.ts";

type Phase =
  | { readonly kind: "starting" }
  | { readonly kind: "unreachable"; readonly error: HubbubError }
  | { readonly kind: "signed out"; readonly notice: string | undefined }
  | { readonly kind: "signed in"; readonly watch: Watch };

const RETRY_MS = 5000;
/** As the chat keeps it: who is signed in there is signed in here. */
const SIGNED_IN = "signed in";

/** The page from its loading to its end. */
export class App {
  readonly #credentials = new CookieSignIn(location.origin);
  readonly #kept = new Kept("hubbub/");
  readonly #devices = this.#kept.under("device");
  readonly #phase = signal<Phase>({ kind: "starting" });

  get phase(): ReadonlySignal<Phase> {
    return this.#phase;
  }

  /** Goes on from an earlier visit, if there was one. */
  async start(): Promise<void> {
    if (this.#kept.get(SIGNED_IN) === undefined) return this.#leave(undefined);
    try {
      this.#enter(await this.#credentials.renew(undefined));
    } catch (thrown) {
      const error = asHubbubError(thrown);
      if (error.action === "sign in again") return this.#leave("Your sign-in has ended.");
      if (error.action === "stop") return this.#leave(error.text);
      this.#phase.value = { kind: "unreachable", error };
      setTimeout(() => void this.start(), Math.max(RETRY_MS, error.retryAfterMs));
    }
  }

  /** @throws HubbubError as the server refuses it, and SecondFactorRequired. */
  async signIn(name: string, password: string): Promise<void> {
    const device = this.#devices.get(nameKey(name));
    this.#granted(await this.#credentials.signIn(name, password, device));
  }

  /** As signIn, after SecondFactorRequired: by a code, or a passkey's answer. */
  async finishSignIn(secondFactor: SecondFactor, proof: string | object): Promise<void> {
    this.#granted(await this.#credentials.finishSignIn(secondFactor, proof));
  }

  async signOut(): Promise<void> {
    this.#close();
    try {
      await this.#credentials.signOut();
      this.#leave(undefined);
    } catch {
      this.#leave("The server did not hear that you signed out. End the session from elsewhere.");
    }
  }

  /** The server has ended the sign-in. */
  signedOut(notice: string): void {
    this.#close();
    this.#leave(notice);
  }

  #granted(access: Access): void {
    const { device, user } = access;
    if (device !== undefined) this.#devices.set(nameKey(user.name), device);
    this.#kept.set(SIGNED_IN, `${user.name} ${Date.now()}`);
    this.#enter(access);
  }

  #enter({ user }: Access): void {
    this.#phase.value = { kind: "signed in", watch: new Watch(user, this.#credentials) };
  }

  #close(): void {
    const phase = this.#phase.value;
    if (phase.kind === "signed in") phase.watch.close();
  }

  #leave(notice: string | undefined): void {
    this.#kept.remove(SIGNED_IN);
    this.#phase.value = { kind: "signed out", notice };
  }
}
