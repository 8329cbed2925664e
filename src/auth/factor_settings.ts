import { randomBytes } from "node:crypto";
import type { PublicKeyCredentialCreationOptionsJSON } from "@simplewebauthn/server";
import { base32 } from "oslo/encoding";
import type { Log } from "../monitor/log.ts";
import type { FactorReads } from "../store/factor_reads.ts";
import { type AdditionResult, PASSKEYS_PER_ACCOUNT } from "../store/factors.ts";
import type { RunJob } from "../store/jobs.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { Allowance } from "./allowance.ts";
import { Challenges } from "./challenges.ts";
import { challengeOf } from "./client_data.ts";
import type {
  Attestation,
  FactorAddedAnswer,
  FactorListAnswer,
  TotpEnrolmentAnswer,
} from "./factor_schemas.ts";
import type { FactorSecrets } from "./factor_secrets.ts";
import { CHALLENGE_MS } from "./factor_sign_ins.ts";
import type { Identity } from "./identifier.ts";
import { PasskeyFault } from "./passkey_fault.ts";
import type { Passkeys } from "./passkeys.ts";
import { makeRecoveryCodes, recoveryHash } from "./recovery_codes.ts";
import { Refusal } from "./refusal.ts";
import type { StepUp } from "./step_up.ts";
import { isTotpCode, qrCode, TOTP_SECRET_BYTES, totpStep, totpUri } from "./totp.ts";

/** WebAuthn, section 5.4.3: at most 64 bytes, and nothing that tells who it is. */
const USER_HANDLE_BYTES = 32;
const FACTOR_ID_BYTES = 16;

/** A QR code takes milliseconds to draw, and people need one or two. */
const ENROLMENTS = { burst: 10, perHour: 60, keys: 16_384 } as const;

/** An addition that was begun: by whom, and whether the account had a factor then. */
interface Begun extends Identity {
  readonly hadFactor: boolean;
}

export interface FactorSettingsParts {
  readonly reads: FactorReads;
  readonly run: RunJob;
  readonly secrets: FactorSecrets;
  readonly passkeys: Passkeys;
  readonly stepUp: Pick<StepUp, "require">;
  /** Told to authenticator apps beside the account's name. */
  readonly host: string;
  readonly sessionEnded: (sessionId: string) => void;
  readonly log: Log;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly clockMs: () => number;
}

/**
 * The factors of an account: adding, listing and removing them. Whatever changes them needs a
 * confirmation first (see StepUp); every method throws a Refusal with the code to answer with.
 *
 * With the first factor the password alone is not enough any more. So the account's other sessions
 * end, for they were begun with no more than that; and it gets recovery codes.
 */
export class FactorSettings {
  readonly #parts: FactorSettingsParts;
  /** By account. */
  readonly #allowance: Allowance;
  readonly #enrolments: Challenges<Begun & { readonly secret: Uint8Array<ArrayBuffer> }>;
  readonly #registrations: Challenges<Begun & { readonly handle: Uint8Array<ArrayBuffer> }>;

  constructor(parts: FactorSettingsParts) {
    this.#parts = parts;
    this.#allowance = new Allowance(ENROLMENTS, parts.clockMs);
    const limits = { lifeMs: CHALLENGE_MS, perHolder: 4, most: 16_384 };
    this.#enrolments = new Challenges({ ...limits, tries: 10 }, parts.now);
    this.#registrations = new Challenges({ ...limits, tries: 1 }, parts.now);
  }

  list({ accountId }: Identity): FactorListAnswer {
    const { reads } = this.#parts;
    const totp = reads.totpOf(accountId);
    return {
      totp: totp === undefined ? null : { created_ms: totp.createdMs, used_ms: totp.usedMs },
      passkeys: reads.passkeysOf(accountId).map((passkey) => ({
        id: passkey.id,
        name: passkey.name,
        synced: passkey.isSynced,
        created_ms: passkey.createdMs,
        used_ms: passkey.usedMs,
      })),
      recovery_codes_left: reads.recoveryCodesLeft(accountId),
    };
  }

  /** Makes a secret, which counts once a first code of it has come. Until then it is in memory. */
  enrolTotp(identity: Identity): TotpEnrolmentAnswer {
    const { reads, stepUp, host } = this.#parts;
    stepUp.require(identity);
    if (reads.totpOf(identity.accountId) !== undefined) throw new Refusal(ErrorCode.FACTOR_EXISTS);
    const waitMs = this.#allowance.take(String(identity.accountId));
    if (waitMs > 0) throw new Refusal(ErrorCode.RATE_LIMITED, undefined, waitMs);
    const secret = new Uint8Array(randomBytes(TOTP_SECRET_BYTES));
    const uri = totpUri(secret, identity.name, host);
    const begun = { ...this.#begun(identity), secret };
    return {
      enrolment: this.#enrolments.issue(begun, identity.accountId),
      expires_in: this.#enrolments.lifeSeconds,
      secret: base32.encode(secret, { includePadding: false }),
      uri,
      qr_svg: qrCode(uri),
    };
  }

  async confirmTotp(
    identity: Identity,
    enrolment: string,
    code: string,
  ): Promise<FactorAddedAnswer> {
    const { run, secrets, now } = this.#parts;
    const { accountId, sessionId } = identity;
    const begun = this.#enrolments.claim(enrolment);
    if (begun === undefined) throw new Refusal(ErrorCode.INVALID_CHALLENGE);
    try {
      if (begun.sessionId !== sessionId) throw new Refusal(ErrorCode.INVALID_CHALLENGE);
      const text = code.replace(/\s/g, "");
      const step = isTotpCode(text) ? await totpStep(begun.secret, text, now(), 0) : undefined;
      if (step === undefined) throw new Refusal(ErrorCode.INVALID_CODE);
      const id = randomBytes(FACTOR_ID_BYTES).toString("base64url");
      const secret = secrets.seal(begun.secret, accountId);
      const answer = await this.#added(begun, "totp", (addition) =>
        run("addTotp", { id, accountId, secret, step }, addition),
      );
      this.#enrolments.end(enrolment);
      return answer;
    } catch (error) {
      this.#enrolments.release(enrolment);
      throw error;
    }
  }

  async removeTotp(identity: Identity): Promise<void> {
    this.#parts.stepUp.require(identity);
    const existed = await this.#parts.run("removeTotp", identity.accountId);
    this.#removed(identity, "totp", existed);
  }

  /** What the browser needs to make a passkey for this account. */
  async registerPasskey(identity: Identity): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const { reads, passkeys, stepUp } = this.#parts;
    stepUp.require(identity);
    const existing = reads.passkeysOf(identity.accountId);
    if (existing.length >= PASSKEYS_PER_ACCOUNT) throw new Refusal(ErrorCode.TOO_MANY_FACTORS);
    // The same for all of an account, so that an authenticator keeps one of them and not several.
    const handle = existing[0]?.userHandle ?? new Uint8Array(randomBytes(USER_HANDLE_BYTES));
    const begun = { ...this.#begun(identity), handle };
    const challenge = this.#registrations.issue(begun, identity.accountId);
    return passkeys.creationOptions({ name: identity.name, handle }, challenge, existing);
  }

  /** Keeps the passkey that was made. */
  async addPasskey(
    identity: Identity,
    name: string,
    attestation: Attestation,
    address: string | undefined,
  ): Promise<FactorAddedAnswer> {
    const { run, log, passkeys } = this.#parts;
    const { accountId, sessionId } = identity;
    const challenge = challengeOf(attestation.response.clientDataJSON) ?? "";
    const begun = this.#registrations.claim(challenge);
    this.#registrations.end(challenge);
    if (begun?.sessionId !== sessionId) throw new Refusal(ErrorCode.INVALID_CHALLENGE);
    const { transports = [], ...response } = attestation.response;
    const made = await passkeys
      .checkMade({ ...attestation, response, clientExtensionResults: {} }, challenge)
      .catch((error) => {
        if (!(error instanceof PasskeyFault)) throw error;
        log.info({ account: accountId, address, reason: error.message }, "new passkey refused");
        throw new Refusal(ErrorCode.PASSKEY_REFUSED);
      });
    return this.#added(begun, "passkey", (addition) =>
      run(
        "addPasskey",
        {
          ...made,
          accountId,
          userHandle: begun.handle,
          name,
          transports: transports.join(","),
        },
        addition,
      ),
    );
  }

  async renamePasskey({ accountId }: Identity, id: string, name: string): Promise<void> {
    const existed = await this.#parts.run("renamePasskey", id, accountId, name);
    if (!existed) throw new Refusal(ErrorCode.NOT_FOUND);
  }

  async removePasskey(identity: Identity, id: string): Promise<void> {
    this.#parts.stepUp.require(identity);
    const existed = await this.#parts.run("removePasskey", id, identity.accountId);
    this.#removed(identity, "passkey", existed);
  }

  /** New recovery codes in the place of all others; returns them, for the only time. */
  async replaceRecoveryCodes(identity: Identity): Promise<readonly string[]> {
    const { run, log, stepUp } = this.#parts;
    const { accountId } = identity;
    stepUp.require(identity);
    const codes = makeRecoveryCodes();
    const isDone = await run("replaceRecoveryCodes", accountId, hashesOf(accountId, codes));
    if (!isDone) throw new Refusal(ErrorCode.NOT_FOUND, "There is no factor to recover from.");
    log.info({ account: accountId }, "recovery codes replaced");
    return codes;
  }

  #begun(identity: Identity): Begun {
    return { ...identity, hadFactor: this.#parts.reads.hasFactor(identity.accountId) };
  }

  async #added(
    { accountId, sessionId, hadFactor }: Begun,
    kind: "totp" | "passkey",
    add: (addition: {
      readonly recoveryHashes: readonly Uint8Array<ArrayBuffer>[];
      readonly keptSessionId: string;
      readonly hadFactor: boolean;
      readonly nowMs: number;
    }) => Promise<AdditionResult>,
  ): Promise<FactorAddedAnswer> {
    const { log, now, sessionEnded } = this.#parts;
    const codes = makeRecoveryCodes();
    const recoveryHashes = hashesOf(accountId, codes);
    const session = { keptSessionId: sessionId, hadFactor };
    const result = await add({ recoveryHashes, ...session, nowMs: now() });
    if (result.outcome === "exists") throw new Refusal(ErrorCode.FACTOR_EXISTS);
    if (result.outcome === "too many") throw new Refusal(ErrorCode.TOO_MANY_FACTORS);
    if (result.outcome === "session ended") throw new Refusal(ErrorCode.INVALID_TOKEN);
    if (result.outcome !== "added") throw new Refusal(ErrorCode.CONFIRMATION_REQUIRED);
    for (const id of result.ended) sessionEnded(id);
    log.info({ account: accountId, kind, sessionsEnded: result.ended.length }, "factor added");
    return result.isFirst ? { recovery_codes: [...codes] } : {};
  }

  #removed({ accountId }: Identity, kind: "totp" | "passkey", existed: boolean): void {
    if (!existed) throw new Refusal(ErrorCode.NOT_FOUND);
    this.#parts.log.info({ account: accountId, kind }, "factor removed");
  }
}

function hashesOf(accountId: number, codes: readonly string[]): Uint8Array<ArrayBuffer>[] {
  return codes.map((code) => {
    const hash = recoveryHash(accountId, code);
    if (hash === undefined) throw new Error("auth/factor_settings: a code of ours is none");
    return hash;
  });
}
