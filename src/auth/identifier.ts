import type { AccountReads, Role } from "../store/accounts.ts";
import { StoreError } from "../store/errors.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { AccessTokens, SessionHolder } from "./access_tokens.ts";
import { originAllowed } from "./origin.ts";
import { Refusal } from "./refusal.ts";
import { TICKET_SUBPROTOCOL_PREFIX, type Tickets } from "./tickets.ts";

/** Who sent a request, as the account is now. */
export interface Identity {
  readonly accountId: number;
  readonly name: string;
  readonly role: Role;
  readonly sessionId: string;
}

/** Finds out who sent a request: by an access token, or by a ticket. Never by the URL. */
export class Identifier {
  readonly #reads: AccountReads;
  readonly #tokens: AccessTokens;
  readonly #tickets: Tickets;
  readonly #origins: readonly string[];
  readonly #now: () => number;

  /**
   * @param origins Web origins besides our own whose pages may connect.
   * @param now Milliseconds since the Unix epoch.
   */
  constructor(
    reads: AccountReads,
    tokens: AccessTokens,
    tickets: Tickets,
    origins: readonly string[],
    now: () => number,
  ) {
    this.#reads = reads;
    this.#tokens = tokens;
    this.#tickets = tickets;
    this.#origins = origins;
    this.#now = now;
  }

  /**
   * Who sent a request to a route, by its header `Authorization: Bearer`.
   *
   * @throws Refusal INVALID_TOKEN. StoreError where the disk refuses to be read.
   */
  async byBearer(request: Request): Promise<Identity> {
    const token = bearerOf(request);
    return this.#inSession(token === undefined ? undefined : await this.#tokens.verify(token));
  }

  /**
   * Who asks for a socket, by `Authorization: Bearer` or by a ticket among the subprotocols, which
   * is used up by this. For browsers, the page's origin is judged first.
   *
   * A session that ends closes its open sockets. So that it finds this one too, nothing may be
   * awaited between this answer and the upgrade.
   */
  async forSocket(request: Request): Promise<Identity | { readonly refused: ErrorCode }> {
    if (!originAllowed(request, this.#origins)) return { refused: ErrorCode.ORIGIN_REFUSED };
    try {
      if (bearerOf(request) !== undefined) return await this.byBearer(request);
      const ticket = ticketOf(request);
      return this.#inSession(ticket === undefined ? undefined : this.#tickets.redeem(ticket));
    } catch (error) {
      if (error instanceof Refusal) return { refused: error.code };
      if (error instanceof StoreError) return { refused: ErrorCode.STORE_UNAVAILABLE };
      throw error;
    }
  }

  /** A token or ticket outlives its session by minutes, so the session is looked up each time. */
  #inSession(holder: SessionHolder | undefined): Identity {
    if (holder === undefined) throw new Refusal(ErrorCode.INVALID_TOKEN);
    const { accountId, sessionId } = holder;
    const account = this.#reads.accountOfSession(sessionId, this.#now());
    if (account?.id !== accountId) throw new Refusal(ErrorCode.INVALID_TOKEN);
    return { accountId, name: account.name, role: account.role, sessionId };
  }
}

/** RFC 6750, section 2.1. */
function bearerOf(request: Request): string | undefined {
  return /^bearer +([\w.~+/-]+=*)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

function ticketOf(request: Request): string | undefined {
  return request.headers
    .get("sec-websocket-protocol")
    ?.split(",")
    .map((offered) => offered.trim())
    .find((offered) => offered.startsWith(TICKET_SUBPROTOCOL_PREFIX))
    ?.slice(TICKET_SUBPROTOCOL_PREFIX.length);
}
