import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import {
  COSEALG,
  decodeAttestationObject,
  decodeClientDataJSON,
  isoBase64URL,
} from "@simplewebauthn/server/helpers";
import type { StoredPasskey } from "../store/factor_reads.ts";
import { PasskeyFault } from "./passkey_fault.ts";
import type { RelyingParty } from "./relying_party.ts";

/**
 * In the order of preference. Windows Hello on older machines knows nothing but RS256. Named, so
 * that a newer runtime or library adds none by itself.
 */
const ALGORITHMS = [COSEALG.EdDSA, COSEALG.ES256, COSEALG.RS256];
/** An RSA key of 4096 bits in COSE, with some room: what takes longer to check is nobody's passkey. */
const MAX_PUBLIC_KEY_BYTES = 600;

/** A passkey that an authenticator has made, checked. */
export interface MadePasskey {
  readonly id: string;
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly counter: number;
  readonly isSynced: boolean;
}

/**
 * WebAuthn's two ceremonies (https://www.w3.org/TR/webauthn-3/), for one relying party. The library
 * takes a tenth of a second to load, so only who starts a server loads this file.
 */
export class Passkeys {
  readonly #party: RelyingParty;
  readonly #timeoutMs: number;

  /** @param timeoutMs How long a browser waits for its user. */
  constructor(party: RelyingParty, timeoutMs: number) {
    this.#party = party;
    this.#timeoutMs = timeoutMs;
  }

  /** What the browser needs to make a passkey. `existing` are those that it must not make again. */
  creationOptions(
    user: { readonly name: string; readonly handle: Uint8Array<ArrayBuffer> },
    challenge: string,
    existing: readonly StoredPasskey[],
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    return generateRegistrationOptions({
      rpName: "Hubbub",
      rpID: this.#party.id,
      userName: user.name,
      userDisplayName: user.name,
      userID: user.handle,
      challenge: isoBase64URL.toBuffer(challenge),
      timeout: this.#timeoutMs,
      attestationType: "none",
      excludeCredentials: existing.map(descriptorOf),
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      supportedAlgorithmIDs: ALGORITHMS,
    });
  }

  /** What the browser needs to use one: one of `allowed`, or whichever its user picks. */
  requestOptions(
    challenge: string,
    allowed?: readonly StoredPasskey[],
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return generateAuthenticationOptions({
      rpID: this.#party.id,
      challenge: isoBase64URL.toBuffer(challenge),
      timeout: this.#timeoutMs,
      userVerification: "required",
      ...(allowed === undefined ? {} : { allowCredentials: allowed.map(descriptorOf) }),
    });
  }

  /**
   * Checks a passkey that was made for the challenge.
   *
   * @throws PasskeyFault
   */
  async checkMade(response: RegistrationResponseJSON, challenge: string): Promise<MadePasskey> {
    return faulting(async () => {
      refuseForeignFrame(response.response.clientDataJSON);
      refuseCertificates(response.response.attestationObject);
      const { verified, registrationInfo: made } = await verifyRegistrationResponse({
        response,
        expectedChallenge: challenge,
        expectedOrigin: [...this.#party.origins],
        expectedRPID: this.#party.id,
        requireUserVerification: true,
        supportedAlgorithmIDs: ALGORITHMS,
      });
      if (!verified) throw new PasskeyFault("wrong signature");
      const { id, publicKey, counter } = made.credential;
      if (id !== response.id) throw new PasskeyFault("another credential id than was announced");
      if (publicKey.length > MAX_PUBLIC_KEY_BYTES) throw new PasskeyFault("public key too large");
      const isSynced = made.credentialDeviceType === "multiDevice";
      return { id, publicKey, counter, isSynced };
    });
  }

  /**
   * Checks that the passkey has signed the challenge, its user verified; returns its new counter.
   *
   * @throws PasskeyFault
   */
  async checkUsed(
    response: AuthenticationResponseJSON,
    challenge: string,
    passkey: StoredPasskey,
  ): Promise<number> {
    return faulting(async () => {
      refuseForeignFrame(response.response.clientDataJSON);
      const { verified, authenticationInfo: info } = await verifyAuthenticationResponse({
        response,
        expectedChallenge: challenge,
        expectedOrigin: [...this.#party.origins],
        expectedRPID: this.#party.id,
        requireUserVerification: true,
        // The library would judge the counter before the signature. But only the passkey's holder
        // may make us suspect a copy of it, so it is judged below.
        credential: { id: passkey.id, publicKey: passkey.publicKey, counter: 0 },
      });
      if (!verified) throw new PasskeyFault("wrong signature");
      // WebAuthn, section 7.2, step 19: this never changes over a credential's life.
      if ((info.credentialDeviceType === "multiDevice") !== passkey.isSynced) {
        throw new PasskeyFault("backup eligibility changed");
      }
      const { newCounter } = info;
      if ((newCounter > 0 || passkey.counter > 0) && newCounter <= passkey.counter) {
        throw new PasskeyFault("counter went back", true);
      }
      return newCounter;
    });
  }
}

/** No page of ours asks for a passkey from within another's frame; the library lets some pass. */
function refuseForeignFrame(clientDataJson: string): void {
  const { crossOrigin, topOrigin } = decodeClientDataJSON(clientDataJson);
  if (crossOrigin !== undefined && crossOrigin !== false) throw new PasskeyFault("cross-origin");
  if (topOrigin !== undefined) throw new PasskeyFault("top origin");
}

/**
 * We ask for no attestation, and a browser then gives none, or the passkey's own signature. Anything
 * else has certificates in it, and the library would fetch the revocation lists that they name: an
 * address of the sender's choice.
 */
function refuseCertificates(attestationObject: string): void {
  const attestation = decodeAttestationObject(isoBase64URL.toBuffer(attestationObject));
  const format = attestation.get("fmt");
  if (format === "none") return;
  if (format !== "packed" || attestation.get("attStmt").get("x5c") !== undefined) {
    throw new PasskeyFault("attestation with certificates");
  }
}

async function faulting<T>(check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof PasskeyFault) throw error;
    // Everything that the library throws is about what it was given.
    throw new PasskeyFault(error instanceof Error ? error.message : "unreadable");
  }
}

function descriptorOf({ id, transports }: StoredPasskey) {
  return { id, transports: transports === "" ? [] : transports.split(",") };
}
