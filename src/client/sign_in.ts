import { type Clock, systemClock } from "./clock.ts";
import { HubbubError, knownCode } from "./errors.ts";

/** What opens sockets and routes for some minutes, and for whom. */
export interface Access {
  readonly accessToken: string;
  /** By this machine's clock, milliseconds since the Unix epoch. */
  readonly accessExpiresAtMs: number;
  /**
   * What the server knows this device by. Kept and given to the next `signIn`, nobody else's wrong
   * passwords make that one wait. A server of an earlier version gives none.
   */
  readonly device?: string | undefined;
  readonly user: User;
}

/** A sign-in: who, and the two tokens. Keep the newest; the refresh token is used up by its use. */
export interface SignIn extends Access {
  readonly refreshToken: string;
}

export interface User {
  readonly id: number;
  readonly name: string;
  readonly role: string;
}

/** What an account answers with after its password, where that is not enough. */
export interface SecondFactor {
  /** Good for minutes and for one sign-in. */
  readonly challenge: string;
  /** Such as `totp`, `recovery_code` and `passkey`. */
  readonly methods: readonly string[];
  /** For `navigator.credentials.get()`; there where the account has a passkey. */
  readonly passkeyOptions?: object;
}

/** The password was right, and the account asks for a second factor: see `finishSignIn`. */
export class SecondFactorRequired extends HubbubError {
  constructor(
    text: string,
    readonly secondFactor: SecondFactor,
  ) {
    super("SECOND_FACTOR_REQUIRED", text);
  }
}

/** A server that has not answered by then counts as unreachable. Sign-ins may queue for seconds. */
const ANSWER_MS = 30_000;

/**
 * The calls of this file take the server as `http://host:port` (or https), and throw HubbubError:
 * the server's own code, UNREACHABLE, or UNEXPECTED_ANSWER.
 */
export async function register(
  server: string,
  name: string,
  password: string,
  clock: Clock = systemClock,
): Promise<SignIn> {
  return kept(server, await access(server, "auth/register", { name, password }, clock));
}

/**
 * @param device that of the last sign-in to the account from this device.
 * @throws SecondFactorRequired where the account asks for more than its password.
 */
export async function signIn(
  server: string,
  name: string,
  password: string,
  clock: Clock = systemClock,
  device?: string,
): Promise<SignIn> {
  const known = device === undefined ? {} : { device };
  return kept(server, await access(server, "auth/token", { name, password, ...known }, clock));
}

/**
 * Finishes a sign-in that SecondFactorRequired interrupted, with a one-time code or a recovery code.
 *
 * @throws HubbubError INVALID_CODE, after which another code may be tried, a few times.
 */
export async function finishSignIn(
  server: string,
  { challenge }: SecondFactor,
  code: string,
  clock: Clock = systemClock,
): Promise<SignIn> {
  return kept(server, await access(server, "auth/token/factor", { challenge, code }, clock));
}

/**
 * Uses up `refreshToken` and brings its successor.
 *
 * @throws HubbubError SIGNED_OUT when the token is not taken any more.
 */
export async function refresh(
  server: string,
  refreshToken: string,
  clock: Clock = systemClock,
): Promise<SignIn> {
  return kept(server, await refreshed(server, { refresh_token: refreshToken }, clock));
}

/**
 * Sets another password. All other sign-ins of the account end; this one goes on under the tokens
 * that come back, and no others.
 */
export async function changePassword(
  server: string,
  accessToken: string,
  current: string,
  next: string,
  clock: Clock = systemClock,
): Promise<SignIn> {
  const body = { current_password: current, new_password: next };
  return kept(server, await access(server, "auth/password", body, clock, accessToken));
}

/** As `refresh`, by what stands in `body`. */
export async function refreshed(server: string, body: Body, clock: Clock): Promise<Granted> {
  try {
    return await access(server, "auth/refresh", body, clock);
  } catch (error) {
    if (error instanceof HubbubError && error.action === "sign in again") {
      throw new HubbubError("SIGNED_OUT", "The sign-in has ended.", 0, { cause: error });
    }
    throw error;
  }
}

/** Ends the sign-in that the token belongs to, and its connections. */
export async function signOut(server: string, accessToken: string): Promise<void> {
  await post(server, "auth/logout", undefined, accessToken);
}

/** A single-use ticket, good for seconds, that opens a socket where headers cannot be set. */
export async function fetchTicket(server: string, accessToken: string): Promise<string> {
  const answer = await post(server, "auth/ticket", undefined, accessToken);
  if (isRecord(answer) && typeof answer.ticket === "string") return answer.ticket;
  throw unexpected(server);
}

/** What a route is told, as JSON. */
export type Body = Readonly<Record<string, string | boolean | object>>;

/** What a server grants: the refresh token is missing where it came as a cookie. */
export interface Granted extends Access {
  readonly refreshToken: string | undefined;
}

/** Calls a route that answers with a grant. */
export async function access(
  server: string,
  path: string,
  body: Body,
  clock: Clock,
  accessToken?: string,
): Promise<Granted> {
  // Taken before the call, so that the token is never thought to live longer than it does.
  const askedAtMs = clock.nowMs();
  const answer = await post(server, path, body, accessToken);
  if (
    isRecord(answer) &&
    typeof answer.access_token === "string" &&
    typeof answer.expires_in === "number" &&
    isUser(answer.user)
  ) {
    return {
      accessToken: answer.access_token,
      accessExpiresAtMs: askedAtMs + answer.expires_in * 1000,
      refreshToken: typeof answer.refresh_token === "string" ? answer.refresh_token : undefined,
      device: typeof answer.device === "string" ? answer.device : undefined,
      user: { id: answer.user.id, name: answer.user.name, role: answer.user.role },
    };
  }
  throw unexpected(server);
}

function kept(server: string, granted: Granted): SignIn {
  const { refreshToken } = granted;
  if (refreshToken === undefined) throw unexpected(server);
  return { ...granted, refreshToken };
}

/** Posts to a route; returns what it answered, or throws as the calls above. */
export function post(
  server: string,
  path: string,
  body?: Body,
  accessToken?: string,
): Promise<unknown> {
  return call(server, "POST", path, { body, accessToken });
}

/** As `post`, by any method. */
export async function call(
  server: string,
  method: "GET" | "POST" | "DELETE",
  path: string,
  {
    body,
    accessToken,
  }: { readonly body?: Body | undefined; readonly accessToken?: string | undefined },
): Promise<unknown> {
  const headers: Record<string, string> = {};
  if (body) headers["Content-Type"] = "application/json";
  if (accessToken) headers.Authorization = `Bearer ${accessToken}`;
  let status: number;
  let text: string;
  try {
    const response = await fetch(new URL(path, directory(server)), {
      method,
      headers,
      body: body ? JSON.stringify(body) : null,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    status = response.status;
    text = await response.text();
  } catch (cause) {
    throw new HubbubError("UNREACHABLE", `${server} does not answer.`, 0, { cause });
  }
  if (status === 204) return undefined;
  const answer = parse(text);
  if (status < 300) return answer;
  throw refusal(server, status, answer);
}

function refusal(server: string, status: number, answer: unknown): HubbubError {
  const error = isRecord(answer) ? answer.error : undefined;
  if (isRecord(error) && typeof error.code === "string") {
    const text = typeof error.text === "string" ? error.text : error.code;
    const retryAfterMs = typeof error.retry_after_ms === "number" ? error.retry_after_ms : 0;
    const secondFactor = secondFactorOf(answer);
    if (secondFactor) return new SecondFactorRequired(text, secondFactor);
    return new HubbubError(knownCode(error.code), text, retryAfterMs);
  }
  // A proxy answers in the server's place while it is away.
  if (status >= 500) return new HubbubError("UNREACHABLE", `${server} answered ${status}.`);
  return unexpected(server);
}

function secondFactorOf(answer: unknown): SecondFactor | undefined {
  const second = isRecord(answer) ? answer.second_factor : undefined;
  if (!isRecord(second) || typeof second.challenge !== "string") return undefined;
  const { challenge, methods, passkey_options: passkeyOptions } = second;
  const isText = (method: unknown) => typeof method === "string";
  return {
    challenge,
    methods: Array.isArray(methods) ? methods.filter(isText) : [],
    ...(isRecord(passkeyOptions) ? { passkeyOptions } : {}),
  };
}

/** `auth/token` is found beneath the server's address, whether that ends with a slash or not. */
function directory(server: string): string {
  return server.endsWith("/") ? server : `${server}/`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isUser(value: unknown): value is User {
  return (
    isRecord(value) &&
    typeof value.id === "number" &&
    typeof value.name === "string" &&
    typeof value.role === "string"
  );
}

function unexpected(server: string): HubbubError {
  return new HubbubError("UNEXPECTED_ANSWER", `${server} does not answer like a Hubbub server.`);
}
