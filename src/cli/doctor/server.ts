import type { Config } from "../../config.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const PATIENCE_MS = 5000;

/** Whether the server answers where the settings say that it listens, and takes messages. */
export async function serverFinding({ host, port }: Config): Promise<Finding> {
  if (port === 0) return ok("server", "Its port is a free one, so it is not asked.");
  const there = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host;
  const url = `http://${there}:${port}/readyz`;
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return status === 200
      ? ok("server", `${url} answers: messages are taken.`)
      : fail(
          "server",
          `${url} answers with ${status}.`,
          "Messages are refused: see the server's log.",
        );
  } catch {
    return warn(
      "server",
      `${url} does not answer.`,
      "Nobody serves there, or it hangs: see its log.",
    );
  }
}
