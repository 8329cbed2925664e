import { randomBytes } from "node:crypto";
import type { Config } from "../config.ts";
import type { Log } from "../monitor/log.ts";
import type { Account, AccountReads, Credentials } from "../store/accounts.ts";
import type { FactorProof } from "../store/factors.ts";
import type { RunJob } from "../store/jobs.ts";
import { EXPIRED_SESSIONS_PER_JOB } from "../store/sign_ins.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { accountNamePattern } from "../wire/names.ts";
import type { AccessTokens, SessionHolder } from "./access_tokens.ts";
import type { DeviceMarkers } from "./device_markers.ts";
import type { Identity } from "./identifier.ts";
import { acceptedPassword, type PasswordGate } from "./password_gate.ts";
import { Refusal } from "./refusal.ts";
import type { Visitor } from "./visitor.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const SESSION_ID_BYTES = 16;
const LONGEST_REFRESH_TOKEN = 256;
/** Of a new account. */
const FIRST_EPOCH = 0;

/** What a user gets who has signed in. */
export interface Grant {
  readonly account: Account;
  readonly sessionId: string;
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
  /** Throws SECOND_FACTOR_REQUIRED where the account's password alone is not enough. */
  readonly demandSecondFactor: (known: Credentials) => Promise<void>;
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
    return this.begin({ account, passwordHash, epoch: FIRST_EPOCH }, visitor.label);
  }

  /**
   * Signs in by name and password. A hash that is outdated is replaced.
   *
   * @throws SecondFactorRefusal where the account asks for more than its password, which was right.
   */
  async signIn(name: string, password: string, visitor: Visitor): Promise<Grant> {
    const { gate, run, demandSecondFactor } = this.#parts;
    const { rehashed, ...checked } = await gate.enter(name, password, visitor);
    const { account, passwordHash } = checked;
    if (rehashed !== undefined) {
      const isReplaced = await run("replaceHash", account.id, passwordHash, rehashed);
      // Another sign-in was faster, or the password was changed. It was right, so it is not called wrong.
      if (!isReplaced) throw new Refusal(ErrorCode.SIGN_IN_BUSY, undefined, 1000);
    }
    const known = { ...checked, passwordHash: rehashed ?? passwordHash };
    await demandSecondFactor(known);
    return this.begin(known, visitor.label);
  }

  /**
   * Goes on with a session by its refresh token, which is replaced.
   *
   * @param address The client's, for the log.
   */
  async refresh(refreshToken: string, address: string | undefined): Promise<Grant> {
    const { run, log, now } = this.#parts;
    // What is longer is none of ours, and not worth the way to the writer.
    if (refreshToken.length > LONGEST_REFRESH_TOKEN) throw new Refusal(ErrorCode.INVALID_TOKEN);
    const result = await run("rotateRefreshToken", {
      token: refreshToken,
      nowMs: now(),
      expiresMs: this.#expiresMs(),
    });
    if (result.outcome === "rotated") {
      const { account, sessionId, epoch, token } = result;
      return this.#grant(account, { accountId: account.id, sessionId, epoch }, token);
    }
    if (result.outcome === "disabled") throw new Refusal(ErrorCode.ACCOUNT_DISABLED);
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

  /** Ends the session that the refresh token is or was of, where there is one. */
  async endSessionOfToken(refreshToken: string): Promise<void> {
    if (refreshToken.length > LONGEST_REFRESH_TOKEN) return;
    const sessionId = await this.#parts.run("endSessionOfToken", refreshToken);
    if (sessionId !== undefined) this.#ended([sessionId]);
  }

  /** Checks the password of somebody who is signed in. */
  async checkPassword(
    { accountId, sessionId }: Identity,
    password: string,
    visitor: Visitor,
  ): Promise<Credentials> {
    const { reads, gate } = this.#parts;
    const known = reads.credentialsById(accountId);
    if (known === undefined) throw new Refusal(ErrorCode.INVALID_CREDENTIALS);
    await gate.confirm(known, password, sessionId, visitor);
    return known;
  }

  /**
   * Sets another password, and ends all sessions but the one that asks. That one gets new tokens;
   * its old ones are void, its tickets too, and its sockets are closed a little later, by whoever
   * watches the accounts: see Sessions.accountChanged.
   */
  async changePassword(
    identity: Identity,
    current: string,
    next: string,
    visitor: Visitor,
  ): Promise<Grant> {
    const { gate, run, log, now } = this.#parts;
    const { accountId, sessionId, name } = identity;
    const newPassword = acceptedPassword("new_password", next, name);
    const known = await this.checkPassword(identity, current, visitor);
    const newHash = await gate.hash("new_password", newPassword, name, visitor, sessionId);
    const changed = await run("changePassword", {
      accountId,
      currentHash: known.passwordHash,
      newHash,
      keptSessionId: sessionId,
      nowMs: now(),
    });
    if (changed === "changed meanwhile") throw new Refusal(ErrorCode.INVALID_CREDENTIALS);
    this.#ended(changed.ended);
    const sessionsEnded = changed.ended.length;
    log.info({ account: accountId, address: visitor.address, sessionsEnded }, "password changed");
    const { epoch, refreshToken } = changed;
    return this.#grant(known.account, { accountId, sessionId, epoch }, refreshToken);
  }

  /** Lets nobody use the account, from now on. Returns false where there is none to disable. */
  async disable(accountId: number): Promise<boolean> {
    const ended = await this.#parts.run("disableAccount", accountId, this.#parts.now());
    this.#ended(ended ?? []);
    return ended !== undefined;
  }

  /** Lets the account be used again, by a new sign-in. Returns false where it is not disabled. */
  enable(accountId: number): Promise<boolean> {
    return this.#parts.run("enableAccount", accountId);
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

  /**
   * Begins a session.
   *
   * @param known The account's, as they were when the sign-in was checked.
   * @param proof The factor that was checked, to be used up with it. Without one, the account must
   * have no second factor.
   */
  async begin(known: Credentials, label: string, proof?: FactorProof): Promise<Grant> {
    const { run, log, now } = this.#parts;
    const { account, passwordHash, epoch } = known;
    const id = randomBytes(SESSION_ID_BYTES).toString("base64url");
    const session = {
      id,
      accountId: account.id,
      passwordHash,
      epoch,
      label,
      nowMs: now(),
      expiresMs: this.#expiresMs(),
    };
    const result = await run("beginSession", session, proof);
    if (result.outcome === "factor used before") {
      const isPasskey = proof?.kind === "passkey";
      throw new Refusal(isPasskey ? ErrorCode.PASSKEY_REFUSED : ErrorCode.INVALID_CODE);
    }
    if (result.outcome === "account disabled") throw new Refusal(ErrorCode.ACCOUNT_DISABLED);
    if (result.outcome !== "begun") throw new Refusal(ErrorCode.INVALID_CREDENTIALS);
    if (proof?.kind === "recovery") {
      log.info({ account: account.id, left: result.codesLeft }, "recovery code used");
    }
    const { refreshToken, ended } = result.begun;
    this.#ended(ended);
    return this.#grant(account, { accountId: account.id, sessionId: id, epoch }, refreshToken);
  }

  async #grant(account: Account, holder: SessionHolder, refreshToken: string): Promise<Grant> {
    const { tokens, devices } = this.#parts;
    const { sessionId } = holder;
    const accessToken = await tokens.sign(holder);
    const device = devices.issue(holder);
    return { account, sessionId, accessToken, refreshToken, device };
  }

  #ended(sessionIds: readonly string[]): void {
    for (const id of sessionIds) this.#parts.sessionEnded(id);
  }

  #expiresMs(): number {
    return this.#parts.now() + this.#parts.config.refreshTokenDays * DAY_MS;
  }
}
