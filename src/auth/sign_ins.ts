import { createHash, randomBytes } from "node:crypto";
import type { Config } from "../config.ts";
import type { Log } from "../monitor/log.ts";
import type { Account, AccountReads } from "../store/accounts.ts";
import type { RunJob } from "../store/jobs.ts";
import { EXPIRED_SESSIONS_PER_JOB } from "../store/sign_ins.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { accountNamePattern } from "../wire/names.ts";
import type { AccessTokens } from "./access_tokens.ts";
import type { DeviceMarkers } from "./device_markers.ts";
import type { Identity } from "./identifier.ts";
import { acceptedPassword, type PasswordGate } from "./password_gate.ts";
import { Refusal } from "./refusal.ts";
import type { Visitor } from "./visitor.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const REFRESH_TOKEN_BYTES = 32;
const SESSION_ID_BYTES = 16;

/** What a user gets who has signed in. */
export interface Grant {
  readonly account: Account;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** What the device is known by at its next sign-in: see device_markers.ts. */
  readonly device: string;
}

export interface SignInParts {
  readonly config: Pick<Config, "registration" | "refreshTokenDays">;
  readonly reads: AccountReads;
  readonly run: RunJob;
  readonly gate: PasswordGate;
  readonly devices: DeviceMarkers;
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

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  /** Makes an account and signs it in. */
  async register(name: string, password: string, visitor: Visitor): Promise<Grant> {
    const { config, reads, run, gate, accountCreated, admitRegistration, now } = this.#parts;
    gate.charge(visitor);
    if (config.registration === "closed") throw new Refusal(ErrorCode.REGISTRATION_CLOSED);
    if (!accountNamePattern.test(name)) {
      throw new Refusal(
        ErrorCode.INVALID_ARGUMENT,
        "name: 3 to 32 letters, digits, underscores, hyphens and dots.",
      );
    }
    const normalized = acceptedPassword("password", password, name);
    if (reads.credentialsByName(name) !== undefined) throw new Refusal(ErrorCode.NAME_TAKEN);
    const waitMs = admitRegistration();
    if (waitMs > 0) throw new Refusal(ErrorCode.RATE_LIMITED, undefined, waitMs);
    const passwordHash = await gate.hash("password", normalized, name, visitor);
    const account = await run("createAccount", { name, passwordHash, role: "user", nowMs: now() });
    if (account === "name taken") throw new Refusal(ErrorCode.NAME_TAKEN);
    accountCreated(account.id);
    return this.#begin(account, passwordHash, visitor.label);
  }

  /** Signs in by name and password. A hash that is outdated is replaced. */
  async signIn(name: string, password: string, visitor: Visitor): Promise<Grant> {
    const { gate, run } = this.#parts;
    const { account, passwordHash, rehashed } = await gate.enter(name, password, visitor);
    if (rehashed === undefined) return this.#begin(account, passwordHash, visitor.label);
    const isReplaced = await run("replaceHash", account.id, passwordHash, rehashed);
    // Another sign-in was faster, or the password was changed. It was right, so it is not called wrong.
    if (!isReplaced) throw new Refusal(ErrorCode.SIGN_IN_BUSY, undefined, 1000);
    return this.#begin(account, rehashed, visitor.label);
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
  async changePassword(
    { accountId, sessionId, name }: Identity,
    current: string,
    next: string,
    visitor: Visitor,
  ): Promise<void> {
    const { reads, gate, run } = this.#parts;
    const newPassword = acceptedPassword("new_password", next, name);
    const known = reads.credentialsById(accountId);
    if (known === undefined) throw new Refusal(ErrorCode.INVALID_CREDENTIALS);
    await gate.confirm(known, current, sessionId, visitor);
    const ended = await run("changePassword", {
      accountId,
      currentHash: known.passwordHash,
      newHash: await gate.hash("new_password", newPassword, name, visitor, sessionId),
      keptSessionId: sessionId,
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
    const { tokens, devices } = this.#parts;
    const accessToken = await tokens.sign(account, sessionId);
    return { account, accessToken, refreshToken, device: devices.issue(account.id, sessionId) };
  }

  #ended(sessionIds: readonly string[]): void {
    for (const id of sessionIds) this.#parts.sessionEnded(id);
  }

  #expiresMs(): number {
    return this.#parts.now() + this.#parts.config.refreshTokenDays * DAY_MS;
  }
}

function newRefreshToken(): { readonly token: string; readonly hash: Uint8Array<ArrayBuffer> } {
  const token = randomBytes(REFRESH_TOKEN_BYTES).toString("base64url");
  return { token, hash: hashOf(token) };
}

/** Plain SHA-256 will do: a token is random, so there is nothing to guess it by. */
function hashOf(token: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(token).digest());
}
