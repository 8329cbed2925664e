import { HubbubError } from "../src/client/errors.ts";
import { register } from "../src/client/sign_in.ts";
import { type Pool, PoolError } from "./accounts.ts";
import { serverProgram } from "./server_program.ts";

const REGISTRATIONS_AT_ONCE = 4;
/** A server that lets one address register so many in a minute; an allowance by the hour is a refusal. */
const LONGEST_PAUSE_MS = 60_000;

/**
 * Imports a pool file into a database, which may belong to a running server.
 *
 * @throws PoolError with the command's own words where it fails.
 */
export async function importPool(file: string, data: string): Promise<void> {
  const command = [...serverProgram(), "user", "import", file, "--data", data];
  const child = Bun.spawn(command, { stdout: "ignore", stderr: "pipe", env: cleanEnvironment() });
  const [words, exitCode] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  if (exitCode !== 0) throw new PoolError(`Importing the accounts failed: ${words.trim()}`);
}

/**
 * Registers a pool over HTTP, one hash an account: some 50 a second. Accounts that exist are left
 * alone. Returns how many were made.
 */
export async function registerPool(
  url: string,
  pool: Pool,
  onProgress: (done: number) => void,
): Promise<number> {
  const waiting = [pool.monitor, ...pool.users];
  let made = 0;
  let done = 0;
  const work = async () => {
    for (let account = waiting.shift(); account; account = waiting.shift()) {
      if (await registerPatiently(url, account.name, account.password)) made += 1;
      onProgress(++done);
    }
  };
  await Promise.all(Array.from({ length: REGISTRATIONS_AT_ONCE }, work));
  return made;
}

/** Returns false where there is such an account. */
async function registerPatiently(url: string, name: string, password: string): Promise<boolean> {
  for (;;) {
    try {
      await register(url, name, password);
      return true;
    } catch (error) {
      if (!(error instanceof HubbubError)) throw error;
      if (error.code === "NAME_TAKEN") return false;
      const isPatient = error.action === "retry later" && error.retryAfterMs <= LONGEST_PAUSE_MS;
      if (!isPatient) {
        throw new PoolError(`${name} could not be registered: ${error.text}`);
      }
      await Bun.sleep(Math.max(error.retryAfterMs, 100));
    }
  }
}

/** Without the settings that somebody made for a server of their own. */
export function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith("HUBBUB_"));
  return Object.fromEntries(entries) as Record<string, string>;
}
