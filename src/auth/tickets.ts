import { randomBytes } from "node:crypto";
import type { SessionHolder } from "./access_tokens.ts";

/** A browser offers `hubbub.v1` and this with its ticket behind it, as subprotocols. */
export const TICKET_SUBPROTOCOL_PREFIX = "ticket.";

const TICKET_BYTES = 32;
/** A page that connects needs one; a few tabs that connect together, a few. */
const TICKETS_PER_SESSION = 4;

interface Ticket extends SessionHolder {
  readonly expiresMs: number;
}

/**
 * Tickets for the socket: 32 random bytes in base64url, good for one use within seconds. They live
 * in memory only, so a restart voids them, and a client asks for another. Beyond the bounds, the
 * oldest ticket of the session, or of all, is void.
 */
export class Tickets {
  readonly #lifeMs: number;
  readonly #now: () => number;
  readonly #most: number;
  /** In the order of their issue, which is the order in which they expire. */
  readonly #tickets = new Map<string, Ticket>();
  readonly #ofSession = new Map<string, Set<string>>();

  /**
   * @param now Milliseconds since the Unix epoch.
   * @param most Tickets of all sessions together.
   */
  constructor(lifeMs: number, now: () => number, most = 65_536) {
    this.#lifeMs = lifeMs;
    this.#now = now;
    this.#most = most;
  }

  /** How many are out. */
  get size(): number {
    return this.#tickets.size;
  }

  issue({ accountId, sessionId }: SessionHolder): string {
    this.#voidExpired();
    const mine = this.#ofSession.get(sessionId) ?? new Set<string>();
    if (mine.size >= TICKETS_PER_SESSION) this.#void(first(mine));
    if (this.#tickets.size >= this.#most) this.#void(first(this.#tickets.keys()));
    const ticket = randomBytes(TICKET_BYTES).toString("base64url");
    this.#tickets.set(ticket, { accountId, sessionId, expiresMs: this.#now() + this.#lifeMs });
    this.#ofSession.set(sessionId, mine.add(ticket));
    return ticket;
  }

  /** Uses the ticket up. Undefined where there is none, or its time is over. */
  redeem(ticket: string): SessionHolder | undefined {
    const held = this.#tickets.get(ticket);
    if (held === undefined) return undefined;
    this.#void(ticket);
    if (held.expiresMs <= this.#now()) return undefined;
    return { accountId: held.accountId, sessionId: held.sessionId };
  }

  /** Voids the tickets of a session that has ended. */
  endSession(sessionId: string): void {
    for (const ticket of this.#ofSession.get(sessionId) ?? []) this.#void(ticket);
  }

  #voidExpired(): void {
    const now = this.#now();
    for (const [ticket, { expiresMs }] of this.#tickets) {
      if (expiresMs > now) return;
      this.#void(ticket);
    }
  }

  #void(ticket: string): void {
    const held = this.#tickets.get(ticket);
    if (held === undefined) return;
    this.#tickets.delete(ticket);
    const mine = this.#ofSession.get(held.sessionId);
    mine?.delete(ticket);
    if (mine?.size === 0) this.#ofSession.delete(held.sessionId);
  }
}

function first(tickets: Iterable<string>): string {
  for (const ticket of tickets) return ticket;
  throw new Error("auth/tickets: a full collection holds nothing");
}
