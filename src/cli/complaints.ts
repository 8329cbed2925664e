import { asHubbubError, HubbubError } from "../client/errors.ts";
import { accountNamePattern } from "../wire/names.ts";
import { NoPasswordError } from "./chat_sign_in.ts";

/** Where a command signs in, and as whom. */
export interface ServerOptions {
  /** The server: `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly user?: string;
}

/** A sentence about options that cannot be used; undefined where they can. */
export function misuseOf({ url, user }: ServerOptions): string | undefined {
  if (user === undefined) return "Say who you are: --user NAME, or HUBBUB_USER.";
  if (!accountNamePattern.test(user)) {
    return "An account's name has 3 to 32 characters: letters, digits, _ - and .";
  }
  const isAddress = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  return isAddress ? undefined : "The server's address is like http://127.0.0.1:4000.";
}

/** What went wrong between a command and its server, in a sentence. */
export function sentenceOf(error: unknown): string {
  if (error instanceof NoPasswordError) return error.message;
  const { code, text } = error instanceof HubbubError ? error : asHubbubError(error);
  return code === "CLOSED" ? "The server could not be reached in time." : text;
}

export function complain(text: string): void {
  process.stderr.write(`hubbub: ${text}\n`);
}
