import { randomBytes } from "node:crypto";
import type { SessionHolder } from "./access_tokens.ts";

/** A browser offers `hubbub.v1` and this with its ticket behind it, as subprotocols. */
export const TICKET_SUBPROTOCOL_PREFIX = "ticket.";

const TICKET_BYTES = 32;
/** A page that connects needs one; a few tabs that connect together, a few. */
const TICKETS_PER_SESSION = 4;

interface Ticket {
  readonly holder: SessionHolder;
  readonly origin: string | null;
  readonly expiresMs: number;
}

/**
 * Tickets for the socket: 32 random bytes in base64url, good for one use within seconds. They live
 * in memory only, so a restart voids them, and a client asks for another. Each opens a socket for
 * the session and the web origin that asked for it, and for no other. Beyond the bounds, the oldest
 * ticket of the session, or of all, is void.
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

  /** @param origin the header `Origin` of the request that asks; null where it has none. */
  issue({ accountId, sessionId, epoch }: SessionHolder, origin: string | null): string {
    this.#voidExpired();
    const mine = this.#ofSession.get(sessionId) ?? new Set<string>();
    if (mine.size >= TICKETS_PER_SESSION) this.#void(first(mine));
    if (this.#tickets.size >= this.#most) this.#void(first(this.#tickets.keys()));
    const ticket = randomBytes(TICKET_BYTES).toString("base64url");
    const expiresMs = this.#now() + this.#lifeMs;
    this.#tickets.set(ticket, { holder: { accountId, sessionId, epoch }, origin, expiresMs });
    this.#ofSession.set(sessionId, mine.add(ticket));
    return ticket;
  }

  /**
   * Uses the ticket up, whatever comes of it. Undefined where there is none, its time is over, or
   * it was issued to another origin.
   */
  redeem(ticket: string, origin: string | null): SessionHolder | undefined {
    const held = this.#tickets.get(ticket);
    if (held === undefined) return undefined;
    this.#void(ticket);
    return held.expiresMs > this.#now() && held.origin === origin ? held.holder : undefined;
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
    const { sessionId } = held.holder;
    const mine = this.#ofSession.get(sessionId);
    mine?.delete(ticket);
    if (mine?.size === 0) this.#ofSession.delete(sessionId);
  }
}

function first(tickets: Iterable<string>): string {
  for (const ticket of tickets) return ticket;
  throw new Error("auth/tickets: a full collection holds nothing");
}
