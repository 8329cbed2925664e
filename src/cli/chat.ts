import { HubbubClient } from "../client/client.ts";
import { asHubbubError } from "../client/errors.ts";
import type { Membership } from "../client/memberships.ts";
import { channelNamePattern } from "../wire/names.ts";
import { type ChatSignIn, signInForChat } from "./chat_sign_in.ts";
import { complain, misuseOf, type ServerOptions, sentenceOf } from "./complaints.ts";
import { converse } from "./conversation.ts";
import { sendLines } from "./send_lines.ts";

export interface ChatOptions extends ServerOptions {
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
    complain(sentenceOf(error));
    return Exit.FAILED;
  }
  const { credentials, onSignIn } = signIn;
  const client = new HubbubClient({ url, credentials, onSignIn });
  try {
    return (await talk(client, channel)) ? Exit.DONE : Exit.FAILED;
  } catch (error) {
    complain(sentenceOf(error));
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

function misuse(channel: string, options: ChatOptions): string | undefined {
  const complaint = misuseOf(options);
  if (complaint !== undefined || channelNamePattern.test(channel)) return complaint;
  return "A channel's name has 1 to 64 characters: letters, digits, _ - and .";
}
