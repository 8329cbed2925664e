import { systemClock } from "../client/clock.ts";
import { HubbubError } from "../client/errors.ts";
import {
  finishSignIn,
  register,
  type SecondFactor,
  SecondFactorRequired,
  type SignIn,
  signIn,
  signOut,
} from "../client/sign_in.ts";
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

/** Nobody is there to be asked for a password, or for a code. */
export class NoPasswordError extends Error {
  override readonly name = "NoPasswordError";
}

/** Times that a code is asked for: the server looks at no more for one challenge. */
const CODE_TRIES = 5;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Signs in: with `HUBBUB_PASSWORD`, else by the saved sign-in, else with a password that is asked
 * for. What was asked for is saved; what the environment gave is not, and is signed out at the end,
 * so that a script that runs every minute leaves no trail of sign-ins. Where the account asks for a
 * second factor, the code is that of `HUBBUB_CODE`, or is asked for.
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
      : await signInWithCode(server, user, password, environment, await saved.device(server, user));
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

async function signInWithCode(
  server: string,
  user: string,
  password: string,
  environment: Environment,
  device: string | undefined,
): Promise<SignIn> {
  try {
    return await signIn(server, user, password, systemClock, device);
  } catch (error) {
    if (!(error instanceof SecondFactorRequired)) throw error;
    return finishWithCode(server, user, error.secondFactor, environment);
  }
}

async function finishWithCode(
  server: string,
  user: string,
  secondFactor: SecondFactor,
  environment: Environment,
): Promise<SignIn> {
  const given = environment.HUBBUB_CODE;
  if (given !== undefined && given !== "") return finishSignIn(server, secondFactor, given);
  for (let tries = 1; ; tries++) {
    const code = askHidden(`Code of ${user}: `);
    if (code === undefined || code === "") {
      throw new NoPasswordError(
        "This account has a second factor: set HUBBUB_CODE, or sign in once from a terminal.",
      );
    }
    try {
      return await finishSignIn(server, secondFactor, code);
    } catch (error) {
      const isTypo = error instanceof HubbubError && error.code === "INVALID_CODE";
      if (!isTypo || tries === CODE_TRIES) throw error;
      process.stderr.write("That code was not taken.\n");
    }
  }
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
