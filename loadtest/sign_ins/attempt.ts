import { ask, textAt } from "./ask.ts";
import { enter } from "./entering.ts";

/** One sign-in that is due. */
export interface Attempt {
  readonly name: string;
  readonly password: string;
  /** Whether the password is that of an account of that name. */
  readonly isRight: boolean;
  readonly address: string;
}

/** How it ended. A string is a fault, by its code. */
export type Ending =
  | { readonly kind: "signed in" | "told when" | "told wrong" }
  | { readonly kind: "fault"; readonly code: string };

/** What an overloaded or wary server says, together with when to come back. */
const forNow: readonly string[] = ["SIGN_IN_BUSY", "RATE_LIMITED", "TOO_MANY_ARRIVALS"];

/** Signs in, and connects. A refusal for now must say when to come back, or it is a fault. */
export async function attempt(
  server: string,
  { name, password, isRight, address }: Attempt,
): Promise<Ending> {
  let answer: Awaited<ReturnType<typeof ask>>;
  try {
    answer = await ask(server, "auth/token", {
      body: { name, password },
      forwardedFor: address,
    });
  } catch (error) {
    return fault((error as Error).name === "TimeoutError" ? "NO_ANSWER" : "UNREACHABLE");
  }
  const { status, body, retryAfterSeconds } = answer;
  if (status === 200) {
    const accessToken = textAt(body, "access_token");
    if (accessToken === undefined) return fault("UNREADABLE_ANSWER");
    if (!isRight) return fault("LET_IN_WITH_A_WRONG_PASSWORD");
    const refusal = await enter(server, accessToken);
    return refusal === undefined ? { kind: "signed in" } : fault(`SOCKET_${refusal}`);
  }
  const code = textAt(body, "error", "code") ?? `HTTP_${status}`;
  if (code === "INVALID_CREDENTIALS" && !isRight) return { kind: "told wrong" };
  if (!forNow.includes(code)) return fault(code);
  return retryAfterSeconds > 0 ? { kind: "told when" } : fault(`${code}_WITHOUT_RETRY_AFTER`);
}

function fault(code: string): Ending {
  return { kind: "fault", code };
}
