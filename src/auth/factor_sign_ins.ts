import type { PublicKeyCredentialRequestOptionsJSON } from "@simplewebauthn/server";
import type { AccountReads, Credentials } from "../store/accounts.ts";
import type { FactorReads } from "../store/factor_reads.ts";
import type { FactorProof } from "../store/factors.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { Challenges } from "./challenges.ts";
import { challengeOf } from "./client_data.ts";
import type { Confirmations } from "./confirmations.ts";
import type { FactorChecks, Presented } from "./factor_checks.ts";
import type { Assertion, SecondFactorAnswer } from "./factor_schemas.ts";
import type { Passkeys } from "./passkeys.ts";
import { Refusal, SecondFactorRefusal } from "./refusal.ts";
import type { Grant, SignIns } from "./sign_ins.ts";
import type { Visitor } from "./visitor.ts";

/** Long enough to look for a phone, or for the paper with the codes. */
export const CHALLENGE_MS = 5 * 60 * 1000;

export interface FactorSignInParts {
  readonly accounts: AccountReads;
  readonly factors: FactorReads;
  readonly checks: FactorChecks;
  readonly passkeys: Passkeys;
  readonly confirmations: Confirmations;
  readonly begin: SignIns["begin"];
  /** Takes leave for one more passkey sign-in from an address: 0, or the ms to wait. */
  readonly admitPasskey: (address: string | undefined) => number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Sign-ins in which a factor is checked: after the password, or a passkey in its place. */
export class FactorSignIns {
  readonly #parts: FactorSignInParts;
  /** Passwords that were right, and wait for their second factor. */
  readonly #steps: Challenges<Credentials>;
  /** Asked for by anybody, so they know no account. */
  readonly #passkeySteps: Challenges<true>;

  constructor(parts: FactorSignInParts) {
    this.#parts = parts;
    const limits = { lifeMs: CHALLENGE_MS, perHolder: 8, most: 65_536 };
    this.#steps = new Challenges({ ...limits, tries: 5 }, parts.now);
    this.#passkeySteps = new Challenges({ ...limits, tries: 1 }, parts.now);
  }

  /**
   * Lets a right password pass where it is enough.
   *
   * @throws SecondFactorRefusal with the challenge to answer, where it is not.
   */
  async demand(known: Credentials): Promise<void> {
    const { factors, passkeys } = this.#parts;
    const { id } = known.account;
    if (!factors.hasFactor(id)) return;
    const own = factors.passkeysOf(id);
    const methods: SecondFactorAnswer["methods"] = [];
    if (factors.totpOf(id) !== undefined) methods.push("totp");
    if (own.length > 0) methods.push("passkey");
    if (factors.recoveryCodesLeft(id) > 0) methods.push("recovery_code");
    const challenge = this.#steps.issue(known, id);
    throw new SecondFactorRefusal({
      challenge,
      expires_in: this.#steps.lifeSeconds,
      methods,
      ...(own.length > 0 ? { passkey_options: await passkeys.requestOptions(challenge, own) } : {}),
    });
  }

  /** Signs in where the password was right before. */
  async finish(challenge: string, presented: Presented, visitor: Visitor): Promise<Grant> {
    const known = this.#steps.claim(challenge);
    if (known === undefined) throw new Refusal(ErrorCode.INVALID_CHALLENGE);
    try {
      const proof = await this.#proofOf(known.account.id, challenge, presented, visitor);
      const grant = await this.#begin(known, visitor, proof);
      this.#steps.end(challenge);
      return grant;
    } catch (error) {
      // A code may be mistyped; a passkey has no typing errors, and signs a challenge once.
      if (presented.passkey === undefined) this.#steps.release(challenge);
      else this.#steps.end(challenge);
      throw error;
    }
  }

  /** @throws Refusal RATE_LIMITED: each challenge may cost a signature check. */
  passkeyOptions({ address }: Visitor): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const waitMs = this.#parts.admitPasskey(address);
    if (waitMs > 0) throw new Refusal(ErrorCode.RATE_LIMITED, undefined, waitMs);
    return this.#parts.passkeys.requestOptions(this.#passkeySteps.issue(true));
  }

  /** Signs in by a passkey alone: it is something one has, and its user was verified. */
  async byPasskey(assertion: Assertion, visitor: Visitor): Promise<Grant> {
    const { accounts, checks } = this.#parts;
    const challenge = challengeOf(assertion.response.clientDataJSON);
    if (challenge === undefined || this.#passkeySteps.claim(challenge) === undefined) {
      throw new Refusal(ErrorCode.INVALID_CHALLENGE);
    }
    this.#passkeySteps.end(challenge);
    const proof = await checks.byPasskey(undefined, assertion, challenge, visitor.address);
    const known = accounts.credentialsById(proof.accountId);
    if (known === undefined) throw new Refusal(ErrorCode.PASSKEY_REFUSED);
    return this.#begin(known, visitor, proof);
  }

  #proofOf(
    accountId: number,
    challenge: string,
    { code, passkey }: Presented,
    { address }: Visitor,
  ): Promise<FactorProof> {
    const { checks } = this.#parts;
    if (passkey !== undefined) return checks.byPasskey(accountId, passkey, challenge, address);
    if (code !== undefined) return checks.byCode(accountId, code, address);
    throw new Refusal(ErrorCode.INVALID_ARGUMENT, "Send a code or a passkey.");
  }

  async #begin(known: Credentials, visitor: Visitor, proof: FactorProof): Promise<Grant> {
    const grant = await this.#parts.begin(known, visitor.label, proof);
    this.#parts.confirmations.confirm(grant.sessionId, true);
    return grant;
  }
}
