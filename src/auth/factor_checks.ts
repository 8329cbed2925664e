import type { Log } from "../monitor/log.ts";
import type { FactorReads, StoredPasskey } from "../store/factor_reads.ts";
import type { FactorProof } from "../store/factors.ts";
import type { RunJob } from "../store/jobs.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { Assertion } from "./factor_schemas.ts";
import type { FactorSecrets } from "./factor_secrets.ts";
import { PasskeyFault } from "./passkey_fault.ts";
import type { Passkeys } from "./passkeys.ts";
import { recoveryHash } from "./recovery_codes.ts";
import { Refusal } from "./refusal.ts";
import { isTotpCode, totpStep } from "./totp.ts";

export interface FactorCheckParts {
  readonly reads: FactorReads;
  readonly run: RunJob;
  readonly secrets: FactorSecrets;
  readonly passkeys: Passkeys;
  readonly log: Log;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** What somebody presents as a factor: one of the two. */
export interface Presented {
  readonly code?: string | undefined;
  readonly passkey?: Assertion | undefined;
}

/**
 * Judges what is presented as a factor. What is right gives a proof, which counts only once it is
 * used up in the file (see FactorProof): a code that is right twice at once is used once.
 */
export class FactorChecks {
  readonly #parts: FactorCheckParts;

  constructor(parts: FactorCheckParts) {
    this.#parts = parts;
  }

  /**
   * A one-time code or a recovery code; its form says which.
   *
   * @param address The client's, for the log.
   * @throws Refusal INVALID_CODE; RATE_LIMITED or FACTOR_LOCKED after too many wrong one-time codes.
   */
  byCode(accountId: number, code: string, address: string | undefined): Promise<FactorProof> {
    // Apps show the six digits in two groups.
    const text = code.replace(/\s/g, "");
    return isTotpCode(text)
      ? this.#byTotp(accountId, text, address)
      : this.#byRecoveryCode(accountId, text, address);
  }

  /**
   * A passkey's signature of the challenge.
   *
   * @param accountId Whose passkey it must be; undefined where it is to say who signs in. Then it
   * must name its owner, as WebAuthn, section 7.2, step 6 asks.
   * @throws Refusal PASSKEY_REFUSED.
   */
  async byPasskey(
    accountId: number | undefined,
    assertion: Assertion,
    challenge: string,
    address: string | undefined,
  ): Promise<FactorProof> {
    const { reads, passkeys } = this.#parts;
    const passkey = reads.passkey(assertion.id);
    const fault = ownershipFault(passkey, accountId, assertion.response.userHandle);
    if (passkey === undefined || fault !== undefined) {
      throw this.#refused(new PasskeyFault(fault ?? "unknown passkey"), passkey, address);
    }
    try {
      const response = { ...assertion, clientExtensionResults: {} };
      const counter = await passkeys.checkUsed(response, challenge, passkey);
      return { kind: "passkey", accountId: passkey.accountId, id: passkey.id, counter };
    } catch (error) {
      if (error instanceof PasskeyFault) throw this.#refused(error, passkey, address);
      throw error;
    }
  }

  async #byTotp(
    accountId: number,
    code: string,
    address: string | undefined,
  ): Promise<FactorProof> {
    const { reads, run, secrets, log, now } = this.#parts;
    const factor = reads.totpOf(accountId);
    if (factor === undefined) throw new Refusal(ErrorCode.INVALID_CODE);
    const attempt = await run("attemptTotp", factor.id, now());
    if (attempt.outcome === "wait") {
      throw new Refusal(ErrorCode.RATE_LIMITED, "Too many wrong codes. Wait.", attempt.waitMs);
    }
    if (attempt.outcome === "locked") throw new Refusal(ErrorCode.FACTOR_LOCKED);
    if (attempt.outcome === "gone") throw new Refusal(ErrorCode.INVALID_CODE);
    const secret = secrets.open(factor.secret, accountId);
    if (secret === undefined) throw new Error("auth/factor_checks: a secret does not open");
    const step = await totpStep(secret, code, now(), factor.lastStep);
    if (step !== undefined) return { kind: "totp", accountId, id: factor.id, step };
    // Whoever gets here knows the password: the owner may want to hear of it.
    log.warn({ account: accountId, failures: attempt.failures, address }, "wrong one-time code");
    throw new Refusal(ErrorCode.INVALID_CODE);
  }

  async #byRecoveryCode(
    accountId: number,
    code: string,
    address: string | undefined,
  ): Promise<FactorProof> {
    const { reads, log } = this.#parts;
    const hash = recoveryHash(accountId, code);
    if (hash !== undefined && reads.hasRecoveryCode(accountId, hash)) {
      return { kind: "recovery", accountId, hash };
    }
    log.warn({ account: accountId, address }, "wrong recovery code");
    throw new Refusal(ErrorCode.INVALID_CODE);
  }

  #refused(
    fault: PasskeyFault,
    passkey: StoredPasskey | undefined,
    address: string | undefined,
  ): Refusal {
    const { log } = this.#parts;
    const account = passkey?.accountId;
    if (fault.isCloned) {
      log.warn({ account, address }, "a passkey's counter went back: there may be a copy of it");
    } else {
      log.info({ account, address, reason: fault.message }, "passkey refused");
    }
    return new Refusal(ErrorCode.PASSKEY_REFUSED);
  }
}

function ownershipFault(
  passkey: StoredPasskey | undefined,
  accountId: number | undefined,
  userHandle: string | undefined,
): string | undefined {
  if (passkey === undefined) return "unknown passkey";
  if (accountId !== undefined && accountId !== passkey.accountId)
    return "another account's passkey";
  if (userHandle === undefined || userHandle === "") {
    return accountId === undefined ? "no user handle" : undefined;
  }
  const isOwners = Buffer.from(userHandle, "base64url").equals(passkey.userHandle);
  return isOwners ? undefined : "another account's user handle";
}
