import { HubbubError } from "./errors.ts";
import { call } from "./sign_in.ts";

/** A sign-in of the account, here or on another device. */
export interface SessionInfo {
  readonly id: string;
  /** What signed in, as it names itself: a browser's User-Agent. */
  readonly label: string;
  /** Milliseconds since the Unix epoch, as all times here. */
  readonly createdMs: number;
  readonly usedMs: number;
  /** Whether it is the one that asks. */
  readonly isCurrent: boolean;
}

/** The account's sessions. Throws HubbubError as the calls of sign_in.ts. */
export async function listSessions(server: string, accessToken: string): Promise<SessionInfo[]> {
  const answer = await call(server, "GET", "auth/sessions", { accessToken });
  const { sessions } = (answer ?? {}) as { readonly sessions?: unknown };
  if (Array.isArray(sessions)) return sessions.map(sessionOf);
  throw new HubbubError("UNEXPECTED_ANSWER", `${server} does not list sessions.`);
}

/** Ends one of them, its connections included. Throws NOT_FOUND where it has ended already. */
export async function endSession(server: string, accessToken: string, id: string): Promise<void> {
  await call(server, "DELETE", `auth/sessions/${encodeURIComponent(id)}`, { accessToken });
}

function sessionOf(session: Readonly<Record<string, unknown>>): SessionInfo {
  return {
    id: String(session.id),
    label: String(session.label),
    createdMs: Number(session.created_ms),
    usedMs: Number(session.used_ms),
    isCurrent: session.current === true,
  };
}
