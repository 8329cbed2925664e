import packageFile from "../../../package.json" with { type: "json" };
import type { Config } from "../../config.ts";
import { localAddress } from "../health.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const about = "server";
const PATIENCE_MS = 5000;

/** Whether a server of this version answers where the settings say that it listens, and takes messages. */
export async function serverFindings(config: Config): Promise<Finding[]> {
  if (config.port === 0) return [ok(about, "Its port is a free one, so it is not asked.")];
  const url = localAddress(config);
  const ready = await ask(`${url}/readyz`);
  if (ready === undefined) {
    return [
      warn(about, `${url} does not answer.`, "Nobody serves there, or it hangs: see its log."),
    ];
  }
  const { reasons } = (ready.body ?? {}) as { reasons?: unknown };
  if (!Array.isArray(reasons)) {
    const text = `${url} is answered by another program than Hubbub (${ready.status}).`;
    return [fail(about, text, "Name the address with --host and --port, or end that program.")];
  }
  if (ready.status !== 200) {
    const text = `${url} takes no messages: ${reasons.join(", ")}.`;
    return [fail(about, text, "See the server's log, and `disk` above.")];
  }
  const told = await ask(`${url}/openapi/json`);
  const { version } = (told?.body as { info?: { version?: unknown } })?.info ?? {};
  if (typeof version === "string" && version !== packageFile.version) {
    return [
      warn(
        about,
        `${url} takes messages. It is version ${version}, and this program is ${packageFile.version}.`,
        "If it was updated, restart the server; else ask by the program that serves.",
      ),
    ];
  }
  return [ok(about, `${url} takes messages.`)];
}

/** Undefined where nobody answers; without a body where that is no JSON. */
async function ask(url: string): Promise<{ status: number; body?: unknown } | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const text = await response.text();
    try {
      return { status: response.status, body: JSON.parse(text) };
    } catch {
      return { status: response.status };
    }
  } catch {
    return undefined;
  }
}
