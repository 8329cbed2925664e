import { openSocket, type Pass } from "../../src/client/socket.ts";
import type { Account } from "../accounts.ts";
import { StartError } from "../server_process.ts";
import { ask, type Question, textAt } from "./ask.ts";
import { Authenticator } from "./authenticator.ts";

/** The server takes 100 passkey sign-ins a second; with some at a time, this keeps below that. */
const PASSKEY_REST_MS = 100;

/** What an account has from its last sign-in. */
export interface Held {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly authenticator?: Authenticator;
}

/** Who signs in, and where. */
export interface Who {
  readonly url: string;
  readonly account: Account;
  /** Undefined at first. */
  readonly held: Held | undefined;
}

/**
 * The ways to sign in, in the order of the table; the first needs nothing, and the others what it
 * leaves. Each is called again and again with what it returned last. Passkeys are last, for an account that
 * has one does not get in by its password alone.
 *
 * @throws StartError where it is refused.
 */
export const waysToSignIn: Readonly<Record<string, (who: Who) => Promise<Held>>> = {
  "password (POST /auth/token)": ({ url, account: { name, password } }) =>
    tokensFrom(url, "auth/token", { name, password }),
  "refresh (POST /auth/refresh)": ({ url, held }) =>
    tokensFrom(url, "auth/refresh", { refresh_token: needed(held).refreshToken }),
  "ticket (POST /auth/ticket, then the socket)": async ({ url, held }) => {
    const { accessToken } = needed(held);
    const answer = await answerOf(url, "auth/ticket", { accessToken });
    const ticket = textAt(answer, "ticket");
    if (ticket === undefined) throw refused("auth/ticket", answer);
    await openAndClose(url, { ticket });
    return needed(held);
  },
  "access token (the socket alone)": async ({ url, held }) => {
    await openAndClose(url, needed(held));
    return needed(held);
  },
  "passkey (POST /auth/passkey/options and /token)": async ({ url, account, held }) => {
    const authenticator = held?.authenticator ?? (await makePasskey(url, account));
    await Bun.sleep(PASSKEY_REST_MS);
    const options = await answerOf(url, "auth/passkey/options", {});
    const rpId = textAt(options, "rpId") ?? "";
    const passkey = authenticator.get({ challenge: textAt(options, "challenge") ?? "", rpId });
    return { ...(await tokensFrom(url, "auth/passkey/token", { passkey })), authenticator };
  },
};

/** Gives the account a passkey, right after a sign-in, which the server asks for. */
async function makePasskey(url: string, { name, password }: Account): Promise<Authenticator> {
  const { accessToken } = await tokensFrom(url, "auth/token", { name, password });
  const options = await answerOf(url, "auth/factors/passkeys/options", { accessToken });
  const authenticator = new Authenticator();
  const passkey = authenticator.create({
    challenge: textAt(options, "challenge") ?? "",
    rpId: textAt(options, "rp", "id") ?? "",
    userHandle: textAt(options, "user", "id") ?? "",
  });
  const body = { name: "load test", passkey };
  await answerOf(url, "auth/factors/passkeys", { accessToken, body });
  return authenticator;
}

async function tokensFrom(url: string, path: string, body: object): Promise<Held> {
  const answer = await answerOf(url, path, { body });
  const accessToken = textAt(answer, "access_token");
  const refreshToken = textAt(answer, "refresh_token");
  if (accessToken === undefined || refreshToken === undefined) throw refused(path, answer);
  return { accessToken, refreshToken };
}

/** The body of an answer that is no refusal. */
async function answerOf(url: string, path: string, question: Question): Promise<unknown> {
  const { status, body } = await ask(url, path, question);
  if (status >= 300) throw refused(path, body);
  return body;
}

/** Resolves when the socket was welcomed and has closed again. */
function openAndClose(url: string, pass: Pass): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = openSocket(url, "hubbub.v1", pass);
    let isWelcomed = false;
    // The first frame is the welcome; nothing follows before `resume`.
    socket.onmessage = () => {
      isWelcomed = true;
      socket.close(1000);
    };
    socket.onclose = () => (isWelcomed ? resolve() : reject(refused("ws", undefined)));
  });
}

function needed(held: Held | undefined): Held {
  if (held === undefined) throw new Error("loadtest/sign_ins: nobody has signed in by password");
  return held;
}

function refused(path: string, body: unknown): StartError {
  return new StartError(
    `${path} was refused: ${textAt(body, "error", "code") ?? "no reason told"}`,
  );
}
