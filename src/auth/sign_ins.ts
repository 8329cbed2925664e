import { createHash, randomBytes } from "node:crypto";
import type { Config } from "../config.ts";
import type { Log } from "../monitor/log.ts";
import type { Account, AccountReads } from "../store/accounts.ts";
import type { RunJob } from "../store/jobs.ts";
import { EXPIRED_SESSIONS_PER_JOB } from "../store/sign_ins.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { accountNamePattern } from "../wire/names.ts";
import type { AccessTokens } from "./access_tokens.ts";
import type { Hasher } from "./hasher.ts";
import type { Identity } from "./identifier.ts";
import { nobodysHash } from "./nobodys_hash.ts";
import { normalizePassword, PASSWORD_CHARACTERS } from "./passwords.ts";
import { Refusal } from "./refusal.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const REFRESH_TOKEN_BYTES = 32;
const SESSION_ID_BYTES = 16;

/** What a user gets who has signed in. */
export interface Grant {
  readonly account: Account;
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface SignInParts {
  readonly config: Pick<Config, "registration" | "refreshTokenDays">;
  readonly reads: AccountReads;
  readonly run: RunJob;
  readonly hasher: Hasher;
  readonly tokens: AccessTokens;
  readonly log: Log;
  /** Called with each session that has ended. */
  readonly sessionEnded: (sessionId: string) => void;
  readonly accountCreated: (accountId: number) => void;
  /** Takes leave for one more registration: 0, or the ms to wait. */
  readonly admitRegistration: () => number;
  /** The sessions that have an open socket. */
  readonly openSessions: () => Iterable<string>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/**
 * Accounts and their sessions: how they begin, go on and end. Every method throws a Refusal with
 * the code to answer with, and a StoreError where the disk refuses.
 */
export class SignIns {
  readonly #parts: SignInParts;
  /** Checked where there is no such account, so that it costs what a wrong password costs. */
  readonly #nobodysHash = nobodysHash();

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  /** Makes an account and signs it in. */
  async register(name: string, password: string, label: string): Promise<Grant> {
    const { config, reads, run, hasher, accountCreated, admitRegistration, now } = this.#parts;
    if (config.registration === "closed") throw new Refusal(ErrorCode.REGISTRATION_CLOSED);
    if (!accountNamePattern.test(name)) {
      throw new Refusal(
        ErrorCode.INVALID_ARGUMENT,
        "name: 3 to 32 letters, digits, underscores, hyphens and dots.",
      );
    }
    const normalized = acceptedPassword("password", password);
    if (reads.credentialsByName(name) !== undefined) throw new Refusal(ErrorCode.NAME_TAKEN);
    const waitMs = admitRegistration();
    if (waitMs > 0) throw new Refusal(ErrorCode.RATE_LIMITED, undefined, waitMs);
    const passwordHash = await hasher.hash(normalized);
    const account = await run("createAccount", { name, passwordHash, role: "user", nowMs: now() });
    if (account === "name taken") throw new Refusal(ErrorCode.NAME_TAKEN);
    accountCreated(account.id);
    return this.#begin(account, passwordHash, label);
  }

  /** Signs in by name and password. */
  async signIn(name: string, password: string, label: string): Promise<Grant> {
    const { reads, hasher } = this.#parts;
    const normalized = normalizePassword(password);
    if (normalized === undefined) throw new Refusal(ErrorCode.INVALID_CREDENTIALS);
    const known = reads.credentialsByName(name);
    const matches = await hasher.verify(known?.passwordHash ?? this.#nobodysHash, normalized);
    if (known === undefined || !matches) throw new Refusal(ErrorCode.INVALID_CREDENTIALS);
    return this.#begin(known.account, known.passwordHash, label);
  }

  /**
   * Goes on with a session by its refresh token, which is replaced.
   *
   * @param address The client's, for the log.
   */
  async refresh(refreshToken: string, address: string | undefined): Promise<Grant> {
    const { run, log, now } = this.#parts;
    const next = newRefreshToken();
    const result = await run("rotateRefreshToken", {
      hash: hashOf(refreshToken),
      nextHash: next.hash,
      nowMs: now(),
      expiresMs: this.#expiresMs(),
    });
    if (result.outcome === "rotated") {
      return this.#grant(result.account, result.sessionId, next.token);
    }
    if (result.outcome !== "unknown") this.#ended([result.sessionId]);
    if (result.outcome === "stolen") {
      log.warn(
        { account: result.account.id, session: result.sessionId, address },
        "retired refresh token used: session ended",
      );
    }
    throw new Refusal(ErrorCode.INVALID_TOKEN);
  }

  /** Ends one of the account's sessions. Refuses with NOT_FOUND where it has no such session. */
  async endSession(sessionId: string, accountId: number): Promise<void> {
    const existed = await this.#parts.run("endSession", sessionId, accountId);
    if (!existed) throw new Refusal(ErrorCode.NOT_FOUND);
    this.#ended([sessionId]);
  }

  /** Sets another password, and ends all sessions but the one that asks. */
  async changePassword(identity: Identity, current: string, next: string): Promise<void> {
    const { reads, hasher, run } = this.#parts;
    const newPassword = acceptedPassword("new_password", next);
    const currentPassword = normalizePassword(current);
    const known = reads.credentialsById(identity.accountId);
    const matches =
      known !== undefined &&
      currentPassword !== undefined &&
      (await hasher.verify(known.passwordHash, currentPassword));
    if (!matches) throw new Refusal(ErrorCode.INVALID_CREDENTIALS);
    const ended = await run("changePassword", {
      accountId: identity.accountId,
      currentHash: known.passwordHash,
      newHash: await hasher.hash(newPassword),
      keptSessionId: identity.sessionId,
    });
    if (ended === "changed meanwhile") throw new Refusal(ErrorCode.INVALID_CREDENTIALS);
    this.#ended(ended);
  }

  /** Ends the sessions that have expired. One with an open socket is in use, and prolonged. */
  async endExpired(): Promise<void> {
    const { run, now, openSessions } = this.#parts;
    await run("prolongSessions", [...openSessions()], now(), this.#expiresMs());
    let expired: readonly string[];
    do {
      expired = await run("deleteExpiredSessions", now());
      this.#ended(expired);
    } while (expired.length === EXPIRED_SESSIONS_PER_JOB);
  }

  async #begin(account: Account, passwordHash: string, label: string): Promise<Grant> {
    const { run, now } = this.#parts;
    const id = randomBytes(SESSION_ID_BYTES).toString("base64url");
    const first = newRefreshToken();
    const ended = await run("createSession", {
      id,
      accountId: account.id,
      passwordHash,
      label,
      refreshHash: first.hash,
      nowMs: now(),
      expiresMs: this.#expiresMs(),
    });
    if (ended === "account changed") throw new Refusal(ErrorCode.INVALID_CREDENTIALS);
    this.#ended(ended);
    return this.#grant(account, id, first.token);
  }

  async #grant(account: Account, sessionId: string, refreshToken: string): Promise<Grant> {
    const accessToken = await this.#parts.tokens.sign(account, sessionId);
    return { account, accessToken, refreshToken };
  }

  #ended(sessionIds: readonly string[]): void {
    for (const id of sessionIds) this.#parts.sessionEnded(id);
  }

  #expiresMs(): number {
    return this.#parts.now() + this.#parts.config.refreshTokenDays * DAY_MS;
  }
}

function acceptedPassword(field: string, password: string): string {
  const normalized = normalizePassword(password);
  if (normalized !== undefined) return normalized;
  const { min, max } = PASSWORD_CHARACTERS;
  throw new Refusal(ErrorCode.INVALID_ARGUMENT, `${field}: ${min} to ${max} characters of text.`);
}

function newRefreshToken(): { readonly token: string; readonly hash: Uint8Array<ArrayBuffer> } {
  const token = randomBytes(REFRESH_TOKEN_BYTES).toString("base64url");
  return { token, hash: hashOf(token) };
}

/** Plain SHA-256 will do: a token is random, so there is nothing to guess it by. */
function hashOf(token: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(token).digest());
}
