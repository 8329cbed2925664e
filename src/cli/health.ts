import type { Config } from "../config.ts";
import { complain } from "./complaints.ts";

/** A server that has nothing to say for so long is not well. */
const PATIENCE_MS = 5000;

/**
 * `hubbub health`: asks a running server whether it takes messages, for those who watch over it and
 * have no shell and no other program, as in a container.
 *
 * @returns the exit code: 0, or 1 with a sentence where it takes none, or does not answer.
 */
export async function askHealth(url: string): Promise<number> {
  const reason = await troubleOf(url);
  if (reason === undefined) {
    process.stdout.write(`${url} takes messages.\n`);
    return 0;
  }
  complain(reason);
  return 1;
}

/** The address at which a server with these settings can be asked from its own machine. */
export function localAddress({ host, port }: Pick<Config, "host" | "port">): string {
  // The addresses that stand for all of them are none that one can connect to everywhere.
  const reached = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${reached.includes(":") ? `[${reached}]` : reached}:${port}`;
}

async function troubleOf(url: string): Promise<string | undefined> {
  if (!URL.canParse("/readyz", url)) return "The server's address is like http://127.0.0.1:4000.";
  try {
    const response = await fetch(new URL("/readyz", url), {
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (response.ok) return undefined;
    const { reasons } = (await response.json()) as { reasons?: readonly string[] };
    return `${url} takes no messages: ${reasons?.join(", ") ?? `it answered ${response.status}`}.`;
  } catch {
    return `${url} does not answer.`;
  }
}
