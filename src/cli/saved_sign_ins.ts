import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { sleep, systemClock } from "../client/clock.ts";
import { HubbubError } from "../client/errors.ts";
import { refresh, type SignIn } from "../client/sign_in.ts";
import type { SharedSignIn } from "../client/token_keeper.ts";

/** An access token with less life than this left is refreshed. */
const REFRESH_AHEAD_MS = 60_000;
/** A lock this old was left behind: nobody holds it longer than one answer of the server takes. */
const STALE_LOCK_MS = 60_000;
const LOCK_POLL_MS = 50;

/** By server, then by account. Of a sign-in that has ended, the device's marker is left. */
type Saved = Record<string, Record<string, SignIn | Pick<SignIn, "device">>>;

/**
 * The sign-ins that the terminal client keeps, in `sign-ins.json`, which only its owner can read.
 * Several processes may use them at once: changes are made under a lock file, and written whole.
 */
export class SavedSignIns {
  readonly #file: string;

  /** @param environment `XDG_CONFIG_HOME` says where; `~/.config` unless set. */
  constructor(environment: Readonly<Record<string, string | undefined>>) {
    const folder = environment.XDG_CONFIG_HOME || join(homedir(), ".config");
    this.#file = join(folder, "hubbub", "sign-ins.json");
  }

  async has(server: string, user: string): Promise<boolean> {
    return isSignIn((await this.#read())[server]?.[user]);
  }

  /** What the server knows this device by, from the account's last sign-in here. */
  async device(server: string, user: string): Promise<string | undefined> {
    return (await this.#read())[server]?.[user]?.device;
  }

  keep(server: string, user: string, signIn: SignIn): Promise<void> {
    return this.#locked(() => this.#put(server, user, signIn));
  }

  forget(server: string, user: string): Promise<void> {
    return this.#locked(async () => {
      const device = (await this.#read())[server]?.[user]?.device;
      await this.#put(server, user, device === undefined ? undefined : { device });
    });
  }

  /** The saved sign-in, for a client that may not be the only one to use it. */
  shared(server: string, user: string): SharedSignIn {
    return {
      renew: (refused) =>
        this.#locked(async () => {
          const saved = (await this.#read())[server]?.[user];
          if (!isSignIn(saved))
            throw new HubbubError("SIGNED_OUT", "There is no saved sign-in any more.");
          // Another process may have refreshed it since.
          const isGood = saved.accessExpiresAtMs - REFRESH_AHEAD_MS > Date.now();
          if (isGood && saved.accessToken !== refused) return saved;
          const fresh = await refresh(server, saved.refreshToken);
          await this.#put(server, user, fresh);
          return fresh;
        }),
    };
  }

  async #put(
    server: string,
    user: string,
    signIn: Saved[string][string] | undefined,
  ): Promise<void> {
    const saved = await this.#read();
    const { [user]: _, ...others } = saved[server] ?? {};
    saved[server] = signIn ? { ...others, [user]: signIn } : others;
    const whole = `${this.#file}.${randomUUID()}`;
    await writeFile(whole, `${JSON.stringify(saved, undefined, 2)}\n`, {
      mode: 0o600,
      flush: true,
    });
    await rename(whole, this.#file);
  }

  async #read(): Promise<Saved> {
    try {
      return JSON.parse(await readFile(this.#file, "utf8")) as Saved;
    } catch {
      // None yet, or not ours: nothing is lost but the need to type a password once more.
      return {};
    }
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const lock = `${this.#file}.lock`;
    await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 });
    while (!(await tryLock(lock))) await sleep(systemClock, LOCK_POLL_MS);
    try {
      return await work();
    } finally {
      await rm(lock, { force: true });
    }
  }
}

function isSignIn(saved: Saved[string][string] | undefined): saved is SignIn {
  return saved !== undefined && "refreshToken" in saved;
}

async function tryLock(lock: string): Promise<boolean> {
  try {
    await (await open(lock, "wx", 0o600)).close();
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const held = await stat(lock).catch(() => undefined);
  if (held && Date.now() - held.mtimeMs > STALE_LOCK_MS) await rm(lock, { force: true });
  return false;
}
