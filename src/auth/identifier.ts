import type { AccountReads, Role, Standing } from "../store/accounts.ts";
import { StoreError } from "../store/errors.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { AccessTokens, SessionHolder } from "./access_tokens.ts";
import { originAllowed } from "./origin.ts";
import { Refusal } from "./refusal.ts";
import { TICKET_SUBPROTOCOL_PREFIX, type Tickets } from "./tickets.ts";

/** Who sent a request, as the account is now. */
export interface Identity extends SessionHolder {
  readonly name: string;
  readonly role: Role;
}

/** Who asks for a socket. */
export interface Caller extends Identity {
  /** The channels that the file says the account is in. */
  readonly channels: readonly number[];
}

/**
 * Finds out who sent a request: by an access token, or by a ticket. Never by the URL. It takes
 * microseconds and one read of two indexed rows, for after a restart everybody asks at once.
 */
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
   * @throws Refusal INVALID_TOKEN, ACCOUNT_DISABLED. StoreError where the disk refuses to be read.
   */
  byBearer(request: Request): Identity {
    const holder = this.#holderOf(request);
    const { accountId, sessionId } = holder;
    return this.#identity(holder, this.#reads.standing(accountId, sessionId));
  }

  /**
   * Who asks for a socket, by `Authorization: Bearer` or by a ticket among the subprotocols, which
   * is used up by this. Where both are there, both must be good and of one session. For browsers,
   * the page's origin is judged first.
   *
   * A session that ends closes its open sockets. So that it finds this one too, nothing may be
   * awaited between this answer and the upgrade.
   */
  forSocket(request: Request): Caller | { readonly refused: ErrorCode } {
    if (!originAllowed(request, this.#origins)) return { refused: ErrorCode.ORIGIN_REFUSED };
    try {
      const holder = this.#holderForSocket(request);
      const arriving = this.#reads.arriving(holder.accountId, holder.sessionId);
      return { ...this.#identity(holder, arriving), channels: arriving?.channels ?? [] };
    } catch (error) {
      if (error instanceof Refusal) return { refused: error.code };
      if (error instanceof StoreError) return { refused: ErrorCode.STORE_UNAVAILABLE };
      throw error;
    }
  }

  #holderForSocket(request: Request): SessionHolder {
    const ticket = ticketOf(request);
    if (ticket === undefined) return this.#holderOf(request);
    const holder = this.#tickets.redeem(ticket, request.headers.get("origin"));
    const isOther =
      request.headers.has("authorization") &&
      this.#holderOf(request).sessionId !== holder?.sessionId;
    if (holder === undefined || isOther) throw new Refusal(ErrorCode.INVALID_TOKEN);
    return holder;
  }

  #holderOf(request: Request): SessionHolder {
    const token = bearerOf(request);
    const holder = token === undefined ? undefined : this.#tokens.verify(token);
    if (holder === undefined) throw new Refusal(ErrorCode.INVALID_TOKEN);
    return holder;
  }

  /** A token or ticket outlives its session by minutes, so it is judged by how things stand now. */
  #identity(
    { accountId, sessionId, epoch }: SessionHolder,
    standing: Standing | undefined,
  ): Identity {
    if (standing === undefined) throw new Refusal(ErrorCode.INVALID_TOKEN);
    if (standing.isDisabled) throw new Refusal(ErrorCode.ACCOUNT_DISABLED);
    const isLive = standing.expiresMs !== null && standing.expiresMs > this.#now();
    if (!isLive || standing.epoch !== epoch) throw new Refusal(ErrorCode.INVALID_TOKEN);
    return { accountId, sessionId, epoch, name: standing.name, role: standing.role };
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
