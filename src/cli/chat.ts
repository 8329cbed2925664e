import { HubbubClient } from "../client/client.ts";
import { asHubbubError, HubbubError } from "../client/errors.ts";
import type { Membership } from "../client/memberships.ts";
import { accountNamePattern, channelNamePattern } from "../wire/names.ts";
import { type ChatSignIn, NoPasswordError, signInForChat } from "./chat_sign_in.ts";
import { converse } from "./conversation.ts";
import { sendLines } from "./send_lines.ts";

export interface ChatOptions {
  /** The server: `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly user?: string;
  /** Make the account first. */
  readonly register: boolean;
}

/** What `hubbub chat` exits with. */
const Exit = {
  /** The conversation was left, or every line is durable. */
  DONE: 0,
  /** Could not sign in, connect or join, was put out, or a line was not sent. */
  FAILED: 1,
  /** The command was not given rightly. */
  MISUSED: 2,
} as const;

/** A script does not wait longer than this for a connection, or for one line to be durable. */
const PATIENCE_MS = 60_000;

/**
 * `hubbub chat`: a conversation on a terminal; without one on standard input, sends each line of it
 * and shows nothing.
 *
 * @returns the exit code, see Exit. What went wrong stands on standard error, a sentence each.
 */
export async function runChat(channel: string, options: ChatOptions): Promise<number> {
  const complaint = misuse(channel, options);
  if (complaint !== undefined) {
    complain(complaint);
    return Exit.MISUSED;
  }
  const { url, user = "", register } = options;
  let signIn: ChatSignIn;
  try {
    signIn = await signInForChat(url, user, register, process.env);
  } catch (error) {
    complain(sentence(error));
    return Exit.FAILED;
  }
  const { credentials, onSignIn } = signIn;
  const client = new HubbubClient({ url, credentials, onSignIn });
  try {
    return (await talk(client, channel)) ? Exit.DONE : Exit.FAILED;
  } catch (error) {
    complain(sentence(error));
    return Exit.FAILED;
  } finally {
    await client.close();
    await signIn.end();
  }
}

/** Returns whether all went well. */
async function talk(client: HubbubClient, channel: string): Promise<boolean> {
  if (process.stdin.isTTY) {
    // Before connecting, so that it hears of the connection from its first try.
    const conversation = converse(client, process.stdin, process.stdout, process.stderr);
    try {
      return await conversation.in(await enter(client, channel));
    } finally {
      conversation.end();
    }
  }
  const giveUp = setTimeout(() => void client.close(), PATIENCE_MS);
  const { id } = await enter(client, channel);
  clearTimeout(giveUp);
  return sendLines(client, id, process.stdin, complain, PATIENCE_MS);
}

async function enter(client: HubbubClient, channel: string): Promise<Readonly<Membership>> {
  await client.connect();
  for (;;) {
    try {
      return await client.join(channel);
    } catch (thrown) {
      const error = asHubbubError(thrown);
      if (error.action !== "retry later" || client.state === "stopped") throw error;
      await Bun.sleep(error.retryAfterMs || 500);
    }
  }
}

function misuse(channel: string, { url, user }: ChatOptions): string | undefined {
  if (user === undefined) return "Say who you are: --user NAME, or HUBBUB_USER.";
  if (!accountNamePattern.test(user)) {
    return "An account's name has 3 to 32 characters: letters, digits, _ - and .";
  }
  if (!channelNamePattern.test(channel)) {
    return "A channel's name has 1 to 64 characters: letters, digits, _ - and .";
  }
  const isAddress = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  return isAddress ? undefined : "The server's address is like http://127.0.0.1:4000.";
}

function sentence(error: unknown): string {
  if (error instanceof NoPasswordError) return error.message;
  const { code, text } = error instanceof HubbubError ? error : asHubbubError(error);
  return code === "CLOSED" ? "The server could not be reached in time." : text;
}

function complain(text: string): void {
  process.stderr.write(`hubbub: ${text}\n`);
}
