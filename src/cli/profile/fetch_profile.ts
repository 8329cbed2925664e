import { systemClock } from "../../client/clock.ts";
import { HubbubError, knownCode } from "../../client/errors.ts";
import { TokenKeeper } from "../../client/token_keeper.ts";
import type { ServerProfile } from "../../monitor/cpu_profile.ts";
import type { RefusalBody } from "../../wire/refusal.ts";
import { signInForChat } from "../chat_sign_in.ts";

/** What the server needs beyond the profile's own time, to begin and to put it together. */
const PATIENCE_MS = 30_000;

interface Order {
  readonly url: string;
  readonly user: string;
  readonly seconds: number;
  readonly intervalUs: number;
}

/**
 * Signs in as an admin and has the server take a profile of itself.
 *
 * @throws HubbubError with a text for people; NoPasswordError.
 */
export async function fetchProfile(order: Order): Promise<ServerProfile> {
  const { url, user } = order;
  const { credentials, onSignIn, end } = await signInForChat(url, user, false, process.env);
  try {
    const keeper = new TokenKeeper({ server: url, credentials, clock: systemClock, onSignIn });
    return await ask(order, await keeper.accessToken());
  } finally {
    await end();
  }
}

async function ask(order: Order, accessToken: string): Promise<ServerProfile> {
  const { url, seconds, intervalUs } = order;
  const address = new URL("profile", url.endsWith("/") ? url : `${url}/`);
  address.search = new URLSearchParams({
    seconds: String(seconds),
    interval_us: String(intervalUs),
  }).toString();
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(address, {
      method: "POST",
      headers: { Authorization: `Bearer ${accessToken}` },
      signal: AbortSignal.timeout(seconds * 1000 + PATIENCE_MS),
    });
    body = await response.json();
  } catch (cause) {
    throw new HubbubError("UNREACHABLE", `${url} gave no profile.`, 0, { cause });
  }
  if (response.ok && isProfile(body)) return body;
  throw refusalOf(order, body);
}

function refusalOf({ url, user }: Order, body: unknown): HubbubError {
  const {
    code = "",
    text,
    retry_after_ms = 0,
  } = (body as Partial<RefusalBody> | null)?.error ?? {};
  switch (code) {
    case "FORBIDDEN":
      return new HubbubError(
        code,
        `${user} is no admin there. Where the server runs: bun hubbub user role ${user} admin`,
      );
    case "PROFILE_BUSY": {
      const seconds = Math.ceil(retry_after_ms / 1000);
      const busy = `Another profile is being taken; it is done in about ${seconds} s.`;
      return new HubbubError(code, busy, retry_after_ms);
    }
    case "NOT_FOUND":
      return new HubbubError(code, `The server at ${url} is of a version that takes no profiles.`);
    case "":
      return new HubbubError("UNEXPECTED_ANSWER", `${url} does not answer like a Hubbub server.`);
    default:
      return new HubbubError(knownCode(code), text ?? code, retry_after_ms);
  }
}

/** Whether it is Chrome's format with our field, as far as a wrong server could get it wrong. */
export function isProfile(value: unknown): value is ServerProfile {
  if (typeof value !== "object" || value === null) return false;
  const { nodes, timeDeltas, hubbub } = value as Partial<ServerProfile>;
  return (
    Array.isArray(nodes) &&
    Array.isArray(timeDeltas) &&
    typeof hubbub?.version === "string" &&
    Array.isArray(hubbub.threads)
  );
}
