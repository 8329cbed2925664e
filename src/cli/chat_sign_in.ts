import { systemClock } from "../client/clock.ts";
import { HubbubError } from "../client/errors.ts";
import { register, type SignIn, signIn, signOut } from "../client/sign_in.ts";
import type { Credentials } from "../client/token_keeper.ts";
import { askHidden } from "./hidden_input.ts";
import { SavedSignIns } from "./saved_sign_ins.ts";

/** A sign-in for one run of the terminal client. */
export interface ChatSignIn {
  readonly credentials: Credentials;
  readonly onSignIn: (signIn: SignIn) => void;
  /** To be called at the end. */
  readonly end: () => Promise<void>;
}

/** Nobody is there to be asked for a password. */
export class NoPasswordError extends Error {
  override readonly name = "NoPasswordError";
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Signs in: with `HUBBUB_PASSWORD`, else by the saved sign-in, else with a password that is asked
 * for. What was asked for is saved; what the environment gave is not, and is signed out at the end,
 * so that a script that runs every minute leaves no trail of sign-ins.
 *
 * @throws HubbubError as the server answered; NoPasswordError.
 */
export async function signInForChat(
  server: string,
  user: string,
  isNew: boolean,
  environment: Environment,
): Promise<ChatSignIn> {
  const saved = new SavedSignIns(environment);
  const enter = async (password: string) =>
    isNew
      ? await register(server, user, password)
      : await signIn(server, user, password, systemClock, await saved.device(server, user));
  const given = environment.HUBBUB_PASSWORD;
  if (given !== undefined && given !== "") return passing(server, await enter(given));

  const shared = saved.shared(server, user);
  if (isNew || !(await isStillGood(saved, server, user))) {
    const password = askHidden(isNew ? "New password: " : `Password of ${user}: `);
    if (password === undefined || password === "") {
      throw new NoPasswordError(
        "There is no password: set HUBBUB_PASSWORD, or sign in once from a terminal.",
      );
    }
    await saved.keep(server, user, await enter(password));
  }
  return { credentials: shared, onSignIn: () => {}, end: async () => {} };
}

async function isStillGood(saved: SavedSignIns, server: string, user: string): Promise<boolean> {
  if (!(await saved.has(server, user))) return false;
  try {
    await saved.shared(server, user).renew(undefined);
    return true;
  } catch (error) {
    if (!(error instanceof HubbubError && error.code === "SIGNED_OUT")) throw error;
    await saved.forget(server, user);
    return false;
  }
}

function passing(server: string, first: SignIn): ChatSignIn {
  let newest = first;
  return {
    credentials: first,
    onSignIn(signIn) {
      newest = signIn;
    },
    async end() {
      // If it does not work now, the sign-in ends by itself when nobody uses it.
      await signOut(server, newest.accessToken).catch(() => {});
    },
  };
}
