import type { Config } from "../config.ts";
import type { Counters } from "../monitor/counters.ts";
import type { Log } from "../monitor/log.ts";
import type { AccountReads } from "../store/accounts.ts";
import type { RunJob } from "../store/jobs.ts";
import type { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { AccessTokens } from "./access_tokens.ts";
import { authApp } from "./app.ts";
import { HashChild } from "./hash_child.ts";
import { Hasher } from "./hasher.ts";
import { Identifier, type Identity } from "./identifier.ts";
import { SignIns } from "./sign_ins.ts";
import { signingSecret } from "./signing_secret.ts";
import { Tickets } from "./tickets.ts";

const EXPIRY_SWEEP_MS = 60 * 60 * 1000;

export interface AuthParts {
  readonly config: Pick<
    Config,
    | "registration"
    | "origins"
    | "signingSecret"
    | "accessTokenMinutes"
    | "refreshTokenDays"
    | "ticketSeconds"
    | "hashesAtOnce"
    | "hashQueue"
  >;
  /** Where `signing.key` is kept; the folder exists. */
  readonly dataFolder: string;
  readonly reads: AccountReads;
  readonly run: RunJob;
  readonly counters: Counters;
  readonly log: Log;
  /** Closes the sockets of a session that has ended. */
  readonly endSession: (sessionId: string) => void;
  /** Called after each registration. */
  readonly accountCreated: (accountId: number) => void;
  /** Takes leave for one more registration: 0, or the ms to wait. */
  readonly admitRegistration: () => number;
  /** The sessions that have an open socket; they are in use. */
  readonly openSessions: () => Iterable<string>;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
}

export interface Auth {
  /**
   * Answers `/auth/*`, `/openapi` and `/openapi/json`; any other path with NOT_FOUND. Counts what
   * it refuses.
   *
   * @param clientAddress The client's IP address, for the log.
   */
  fetch(request: Request, clientAddress?: string): Promise<Response>;
  /**
   * Who asks for a socket. Await nothing between this and the upgrade: see Identifier. The caller
   * answers and counts a refusal.
   */
  identify(request: Request): Promise<Identity | { readonly refused: ErrorCode }>;
  /** Ends the hasher and the timers. Sign-ins that still wait are refused with GOING_AWAY. */
  stop(): Promise<void>;
}

/**
 * Starts everything that sign-in needs.
 *
 * @throws StoreFileError where the signing secret cannot be used.
 */
export async function startAuth(parts: AuthParts): Promise<Auth> {
  const { config, reads, run, counters, log, now = Date.now } = parts;
  const secret = config.signingSecret || (await signingSecret(parts.dataFolder));
  const accessTokenSeconds = config.accessTokenMinutes * 60;
  const tokens = new AccessTokens(secret, accessTokenSeconds, now);
  const tickets = new Tickets(config.ticketSeconds * 1000, now);
  const identifier = new Identifier(reads, tokens, tickets, config.origins, now);
  const child = new HashChild(log);
  const limits = { atOnce: config.hashesAtOnce, waiting: config.hashQueue };
  const hasher = new Hasher(child, limits, counters);
  const sessionEnded = (sessionId: string) => {
    tickets.endSession(sessionId);
    parts.endSession(sessionId);
  };
  const signIns = new SignIns({
    config,
    reads,
    run,
    hasher,
    tokens,
    log,
    sessionEnded,
    accountCreated: parts.accountCreated,
    admitRegistration: parts.admitRegistration,
    openSessions: parts.openSessions,
    now,
  });

  const addresses = new WeakMap<Request, string>();
  const app = authApp({
    signIns,
    identifier,
    reads,
    tickets,
    accessTokenSeconds,
    ticketSeconds: config.ticketSeconds,
    addressOf: (request) => addresses.get(request),
    origins: config.origins,
    counters,
    log,
    now,
  });

  const sweep = () =>
    signIns.endExpired().catch((error) => log.warn({ error: String(error) }, "sweep failed"));
  await sweep();
  const sweeping = setInterval(sweep, EXPIRY_SWEEP_MS);
  sweeping.unref();

  return {
    async fetch(request, clientAddress) {
      if (clientAddress !== undefined) addresses.set(request, clientAddress);
      return app.fetch(request);
    },
    identify: (request) => identifier.forSocket(request),
    async stop() {
      clearInterval(sweeping);
      await child.stop();
    },
  };
}
