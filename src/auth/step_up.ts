import type { PublicKeyCredentialRequestOptionsJSON } from "@simplewebauthn/server";
import type { Log } from "../monitor/log.ts";
import type { FactorReads } from "../store/factor_reads.ts";
import type { FactorProof } from "../store/factors.ts";
import type { RunJob } from "../store/jobs.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { Challenges } from "./challenges.ts";
import { challengeOf } from "./client_data.ts";
import { CONFIRMED_MS, type Confirmations } from "./confirmations.ts";
import type { FactorChecks, Presented } from "./factor_checks.ts";
import { CHALLENGE_MS } from "./factor_sign_ins.ts";
import type { Identity } from "./identifier.ts";
import type { Passkeys } from "./passkeys.ts";
import { Refusal } from "./refusal.ts";
import type { SignIns } from "./sign_ins.ts";
import type { Visitor } from "./visitor.ts";

export interface StepUpParts {
  readonly factors: FactorReads;
  readonly checks: FactorChecks;
  readonly passkeys: Passkeys;
  readonly confirmations: Confirmations;
  readonly run: RunJob;
  readonly checkPassword: SignIns["checkPassword"];
  readonly log: Log;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** What a user proves with that it is still the user. */
export interface Proofs extends Presented {
  readonly password?: string | undefined;
}

/**
 * Has a user who is signed in prove again who it is, before factors are changed: an open session,
 * or a stolen token of it, is not enough for that (OWASP ASVS 5.0, 7.5.1).
 */
export class StepUp {
  readonly #parts: StepUpParts;
  readonly #challenges: Challenges<Identity>;

  constructor(parts: StepUpParts) {
    this.#parts = parts;
    const limits = { lifeMs: CHALLENGE_MS, tries: 1, perHolder: 8, most: 65_536 };
    this.#challenges = new Challenges(limits, parts.now);
  }

  /**
   * Lets pass who has signed in or confirmed within the last minutes; where the account has a
   * factor, with one.
   *
   * @throws Refusal CONFIRMATION_REQUIRED.
   */
  require({ accountId, sessionId }: Identity): void {
    const { factors, confirmations, now } = this.#parts;
    const withFactor = factors.hasFactor(accountId);
    if (confirmations.isConfirmed(sessionId, withFactor)) return;
    // Without a factor there is nothing that a sign-in could have lacked.
    const startMs = factors.sessionStartMs(sessionId) ?? 0;
    if (!withFactor && now() - startMs < CONFIRMED_MS) return;
    throw new Refusal(ErrorCode.CONFIRMATION_REQUIRED);
  }

  /**
   * Lets pass an account without a factor; who proves the password anyway needs nothing else there.
   *
   * @throws Refusal CONFIRMATION_REQUIRED.
   */
  requireFactor(identity: Identity): void {
    if (this.#parts.factors.hasFactor(identity.accountId)) this.require(identity);
  }

  /** What the browser needs to confirm by passkey. */
  passkeyOptions(identity: Identity): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { factors, passkeys } = this.#parts;
    const challenge = this.#challenges.issue(identity, identity.accountId);
    return passkeys.requestOptions(challenge, factors.passkeysOf(identity.accountId));
  }

  /**
   * Confirms by a passkey; or by the password, and with it a code where the account has a factor.
   *
   * @throws Refusal with the code of what was wrong; SECOND_FACTOR_REQUIRED where the code is
   * missing.
   */
  async confirm(identity: Identity, proofs: Proofs, visitor: Visitor): Promise<void> {
    const { factors, confirmations, checks, checkPassword } = this.#parts;
    const { accountId, sessionId } = identity;
    const { password, code, passkey } = proofs;
    const { address } = visitor;
    if (passkey !== undefined) {
      const challenge = challengeOf(passkey.response.clientDataJSON) ?? "";
      const asked = this.#challenges.claim(challenge);
      this.#challenges.end(challenge);
      if (asked?.sessionId !== sessionId) throw new Refusal(ErrorCode.INVALID_CHALLENGE);
      await this.#use(await checks.byPasskey(accountId, passkey, challenge, address));
      confirmations.confirm(sessionId, true);
      return;
    }
    if (password === undefined) {
      throw new Refusal(ErrorCode.INVALID_ARGUMENT, "Send the password or a passkey.");
    }
    await checkPassword(identity, password, visitor);
    const withFactor = factors.hasFactor(accountId);
    if (withFactor) {
      if (code === undefined) throw new Refusal(ErrorCode.SECOND_FACTOR_REQUIRED);
      await this.#use(await checks.byCode(accountId, code, address));
    }
    confirmations.confirm(sessionId, withFactor);
  }

  async #use(proof: FactorProof): Promise<void> {
    const { run, log, now } = this.#parts;
    const result = await run("useFactor", proof, now());
    if (result === "used before") {
      const isPasskey = proof.kind === "passkey";
      throw new Refusal(isPasskey ? ErrorCode.PASSKEY_REFUSED : ErrorCode.INVALID_CODE);
    }
    if (proof.kind === "recovery") {
      log.info({ account: proof.accountId, left: result.codesLeft }, "recovery code used");
    }
  }
}
