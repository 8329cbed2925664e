/** One answer of the server's HTTP routes. */
export interface HttpAnswer {
  readonly status: number;
  /** The body as JSON; undefined where it is none. */
  readonly body: unknown;
  /** Of the header `Retry-After`; 0 where there is none. */
  readonly retryAfterSeconds: number;
}

export interface Question {
  readonly body?: object;
  readonly accessToken?: string;
  /** The address that a proxy would say this comes from. */
  readonly forwardedFor?: string;
}

/** As long as the client in src/client waits. Sign-ins may queue for seconds. */
const ANSWER_MS = 30_000;

/**
 * Posts to the server over a connection of its own, as each of many clients would.
 *
 * @throws where there is no answer in 30 s.
 */
export async function ask(
  server: string,
  path: string,
  { body, accessToken, forwardedFor }: Question,
): Promise<HttpAnswer> {
  const response = await fetch(new URL(path, server), {
    method: "POST",
    headers: {
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(accessToken === undefined ? {} : { Authorization: `Bearer ${accessToken}` }),
      ...(forwardedFor === undefined ? {} : { "X-Forwarded-For": forwardedFor }),
    },
    body: body === undefined ? null : JSON.stringify(body),
    keepalive: false,
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const text = await response.text();
  const retryAfter = response.headers.get("retry-after") ?? "";
  return {
    status: response.status,
    body: parse(text),
    retryAfterSeconds: /^\d+$/.test(retryAfter) ? Number(retryAfter) : 0,
  };
}

/** The text at that path of field names; undefined where there is none. */
export function textAt(body: unknown, ...path: readonly string[]): string | undefined {
  let value = body;
  for (const name of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === "string" ? value : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
