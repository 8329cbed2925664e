import type { Config } from "../config.ts";
import type { Counters } from "../monitor/counters.ts";
import type { Log } from "../monitor/log.ts";
import type { Profiler } from "../monitor/profiler.ts";
import type { AccountReads } from "../store/accounts.ts";
import type { FactorReads } from "../store/factor_reads.ts";
import type { RunJob } from "../store/jobs.ts";
import type { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { AccessTokens } from "./access_tokens.ts";
import { addressFinder, networkOf } from "./address.ts";
import { authApp } from "./app.ts";
import { grantAnswers } from "./grant_answer.ts";
import type { Freely, HashChildOptions } from "./hash_child.ts";
import type { HashWorker } from "./hasher.ts";
import { type Caller, Identifier } from "./identifier.ts";
import type { Alarm } from "./sign_in_queue.ts";
import { SignIns } from "./sign_ins.ts";
import { signingSecret } from "./signing_secret.ts";
import { startFactors } from "./start_factors.ts";
import { startPasswords } from "./start_passwords.ts";
import { Tickets } from "./tickets.ts";

const EXPIRY_SWEEP_MS = 60 * 60 * 1000;

export interface AuthParts {
  readonly config: Pick<
    Config,
    | "registration"
    | "origins"
    | "rpId"
    | "port"
    | "signingSecret"
    | "accessTokenMinutes"
    | "refreshTokenDays"
    | "ticketSeconds"
    | "pepperFile"
    | "hashMemoryKib"
    | "hashPasses"
    | "hashesAtOnce"
    | "hashQueue"
    | "triesPerMinute"
    | "trustedProxies"
  >;
  /** Where `signing.key`, `factors.key` and the pepper are kept; the folder exists. */
  readonly dataFolder: string;
  readonly reads: AccountReads;
  readonly factorReads: FactorReads;
  readonly run: RunJob;
  readonly counters: Counters;
  readonly log: Log;
  /** Closes the sockets of a session that has ended. */
  readonly endSession: (sessionId: string) => void;
  /** Called after each registration. */
  readonly accountCreated: (accountId: number) => void;
  /** Takes leave for one more registration: 0, or the ms to wait. */
  readonly admitRegistration: () => number;
  /** Takes leave for one more passkey sign-in from anywhere: 0, or the ms to wait. */
  readonly admitPasskey: () => number;
  /** The sessions that have an open socket; they are in use. */
  readonly openSessions: () => Iterable<string>;
  readonly profiler: Profiler;
  /** Starts a process that may run on any core, whatever this thread is pinned to. */
  readonly freely?: Freely;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
  /** Milliseconds of a clock that never goes back, for the allowances of those who try passwords. */
  readonly clockMs?: () => number;
  /** Wakes those who have waited for a hash until their deadline. */
  readonly alarm?: Alarm;
  /** Starts one hasher: a child process. */
  readonly startWorker?: (options: HashChildOptions, log: Log) => HashWorker;
}

export interface Auth {
  /** At what priority passwords are hashed: only when a core has nothing else to do, or low. */
  readonly hashPriority: "idle" | "low";
  /**
   * Answers `/auth/*`, `/profile`, `/openapi` and `/openapi/json`; any other path with NOT_FOUND. Counts what
   * it refuses.
   *
   * @param peer The IP address at the other end of the connection.
   */
  fetch(request: Request, peer?: string): Promise<Response>;
  /** What the network that a request comes from is known by. */
  networkOf(request: Request, peer: string | undefined): string;
  /**
   * Who asks for a socket. Await nothing between this and the upgrade: see Identifier. The caller
   * answers and counts a refusal.
   */
  identify(request: Request): Caller | { readonly refused: ErrorCode };
  /**
   * Lets nobody use the account: its sessions, tickets and open sockets end. False where there is no
   * such account, or it is disabled already. Rejects with StoreError.
   */
  disableAccount(accountId: number): Promise<boolean>;
  /** Lets it be used again, by a new sign-in. */
  enableAccount(accountId: number): Promise<boolean>;
  /** Ends the hasher and the timers. Sign-ins that still wait are refused with GOING_AWAY. */
  stop(): Promise<void>;
}

/**
 * Starts everything that sign-in needs.
 *
 * @throws StoreFileError where `signing.key` or `factors.key` cannot be used.
 */
export async function startAuth(parts: AuthParts): Promise<Auth> {
  const { config, reads, run, counters, log, now = Date.now } = parts;
  const secret = config.signingSecret || (await signingSecret(parts.dataFolder));
  const accessTokenSeconds = config.accessTokenMinutes * 60;
  const tokens = new AccessTokens(secret, accessTokenSeconds, now);
  const tickets = new Tickets(config.ticketSeconds * 1000, now);
  const identifier = new Identifier(reads, tokens, tickets, config.origins, now);
  const factors = await startFactors(parts, {
    begin: (...session) => signIns.begin(...session),
    checkPassword: (...password) => signIns.checkPassword(...password),
    sessionEnded: (sessionId) => sessionEnded(sessionId),
  });
  // Last of what may fail, for it starts processes.
  const { gate, devices, stop: stopHashing, hashPriority } = startPasswords(parts, secret);
  const sessionEnded = (sessionId: string) => {
    tickets.endSession(sessionId);
    factors.confirmations.endSession(sessionId);
    parts.endSession(sessionId);
  };
  const signIns = new SignIns({
    config,
    reads,
    run,
    gate,
    devices,
    tokens,
    log,
    demandSecondFactor: (known) => factors.factorSignIns.demand(known),
    sessionEnded,
    accountCreated: parts.accountCreated,
    admitRegistration: parts.admitRegistration,
    openSessions: parts.openSessions,
    now,
  });

  const addresses = new WeakMap<Request, string>();
  const locate = addressFinder(config.trustedProxies, log);
  const app = authApp({
    ...factors,
    signIns,
    identifier,
    reads,
    tickets,
    grantAnswer: grantAnswers(accessTokenSeconds, config.refreshTokenDays * 24 * 60 * 60),
    ticketSeconds: config.ticketSeconds,
    addressOf: (request) => addresses.get(request),
    origins: config.origins,
    profiler: parts.profiler,
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
    hashPriority,
    async fetch(request, peer) {
      const address = locate(request, peer);
      if (address !== undefined) addresses.set(request, address);
      return app.fetch(request);
    },
    networkOf: (request, peer) => networkOf(locate(request, peer)),
    identify: (request) => identifier.forSocket(request),
    disableAccount: (accountId) => signIns.disable(accountId),
    enableAccount: (accountId) => signIns.enable(accountId),
    async stop() {
      clearInterval(sweeping);
      await stopHashing();
    },
  };
}
