import type { Log } from "../monitor/log.ts";
import type { Credentials } from "../store/accounts.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { accountNamePattern, nameKey } from "../wire/names.ts";
import { networkOf } from "./address.ts";
import type { Admission, Try } from "./admission.ts";
import type { DeviceMarkers } from "./device_markers.ts";
import type { HashAnswer } from "./hash_orders.ts";
import type { Hasher } from "./hasher.ts";
import { isAccountName, newPasswordRules, normalizePassword } from "./passwords.ts";
import { Refusal } from "./refusal.ts";
import type { Applicant } from "./sign_in_queue.ts";
import type { Visitor } from "./visitor.ts";

/** Accounts whose stored hash was found unusable that are remembered, so as to be logged once. */
const TOLD_ACCOUNTS = 1000;

/** A password that was right, and what it was checked against. */
export interface Entered extends Credentials {
  /** What should be stored instead, where that is outdated. */
  readonly rehashed: string | undefined;
}

export interface PasswordGateParts {
  readonly admission: Admission;
  readonly hasher: Hasher;
  readonly devices: DeviceMarkers;
  readonly log: Log;
  /** Those of the account with that name. */
  readonly credentialsOf: (name: string) => Credentials | undefined;
}

/**
 * The one way by which passwords are checked and made: network's allowance, back-off, queue, hasher.
 * Every method throws a Refusal with the code to answer with.
 */
export class PasswordGate {
  readonly #parts: PasswordGateParts;
  readonly #told = new Set<number>();

  constructor(parts: PasswordGateParts) {
    this.#parts = parts;
  }

  /**
   * Checks name and password. A name that does not exist takes the same way and the same work as one
   * that does, and is answered alike: INVALID_CREDENTIALS.
   */
  async enter(name: string, password: string, visitor: Visitor): Promise<Entered> {
    const { admission, devices, credentialsOf } = this.#parts;
    const network = networkOf(visitor.address);
    const known = credentialsOf(name);
    const device = devices.read(visitor.device, known?.account.id ?? 0, known?.epoch ?? 0);
    admission.charge(network, device);
    const normalized = normalizePassword(password);
    // No account has such a password, so this tells nothing about any.
    if (normalized === undefined) throw new Refusal(ErrorCode.INVALID_CREDENTIALS);
    const applicant = { account: accountKey(name), network, device, signal: visitor.signal };
    const rehashed = await this.#check(known, normalized, applicant);
    if (known === undefined || rehashed === false) {
      throw new Refusal(ErrorCode.INVALID_CREDENTIALS);
    }
    return { ...known, rehashed };
  }

  /**
   * Checks the password of somebody who is signed in. The session is a device that is
   * known, so nobody else makes it wait, and it nobody else.
   */
  async confirm(
    known: Credentials,
    password: string,
    session: string,
    visitor: Visitor,
  ): Promise<void> {
    const network = networkOf(visitor.address);
    this.#parts.admission.charge(network, session);
    const normalized = normalizePassword(password);
    const account = accountKey(known.account.name);
    const applicant = { account, network, device: session, signal: visitor.signal };
    const isRight =
      normalized !== undefined && (await this.#check(known, normalized, applicant)) !== false;
    if (!isRight) throw new Refusal(ErrorCode.INVALID_CREDENTIALS);
  }

  /** Takes a try from the allowance of the visitor's network. */
  charge(visitor: Visitor): void {
    this.#parts.admission.charge(networkOf(visitor.address));
  }

  /**
   * The hash of a new password that `acceptedPassword` let pass.
   *
   * @param field The password's name in the request.
   * @param session Of somebody who is signed in.
   */
  async hash(
    field: string,
    password: string,
    name: string,
    visitor: Visitor,
    session?: string,
  ): Promise<string> {
    const answer = await this.#parts.hasher.hash(password, {
      account: accountKey(name),
      network: networkOf(visitor.address),
      device: session,
      signal: visitor.signal,
    });
    if ("isCommon" in answer) {
      throw new Refusal(ErrorCode.INVALID_ARGUMENT, `${field}: ${newPasswordRules.common}`);
    }
    if ("hash" in answer) return answer.hash;
    throw this.#failure(answer, undefined);
  }

  /** False where the password is wrong, else what should be stored instead of the hash, if anything. */
  async #check(
    known: Credentials | undefined,
    normalized: string,
    applicant: Applicant,
  ): Promise<string | undefined | false> {
    const { admission, hasher } = this.#parts;
    const attempt = admission.begin(applicant);
    const answer = await withdrawing(attempt, async () => {
      const given = await hasher.verify(known?.passwordHash ?? null, normalized, applicant);
      if ("matches" in given) return given;
      throw this.#failure(given, known);
    });
    if (!answer.matches) {
      if (answer.unusable) this.#tell(known);
      return false;
    }
    attempt.succeeded();
    return answer.rehashed;
  }

  #failure(answer: HashAnswer, known: Credentials | undefined): Error {
    if (!("pepperTrouble" in answer)) return new Error("auth/password_gate: the hasher failed");
    const details = { trouble: answer.pepperTrouble, account: known?.account.id };
    this.#parts.log.error(details, "no password can be checked");
    return new Refusal(ErrorCode.PASSWORDS_UNAVAILABLE);
  }

  #tell(known: Credentials | undefined): void {
    const account = known?.account.id;
    if (account === undefined || this.#told.has(account)) return;
    if (this.#told.size < TOLD_ACCOUNTS) this.#told.add(account);
    this.#parts.log.error(
      { account },
      "the stored password hash of an account is damaged or out of bounds; nobody can sign in to it",
    );
  }
}

/**
 * A new password, normalized.
 *
 * @param field Its name in the request.
 * @throws Refusal INVALID_ARGUMENT that says why it is not taken.
 */
export function acceptedPassword(field: string, password: string, name: string): string {
  const normalized = normalizePassword(password);
  const refused = (rule: keyof typeof newPasswordRules) =>
    new Refusal(ErrorCode.INVALID_ARGUMENT, `${field}: ${newPasswordRules[rule]}`);
  if (normalized === undefined) throw refused("length");
  if (isAccountName(normalized, name)) throw refused("name");
  return normalized;
}

/** Whatever is thrown, the password was not checked, so it counts for nothing. */
async function withdrawing<T>(attempt: Try, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    attempt.withdrawn();
    throw error;
  }
}

/** Bounded in length: names that no account can have share one key. */
function accountKey(name: string): string {
  return accountNamePattern.test(name) ? nameKey(name) : "";
}
