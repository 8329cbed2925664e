import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { type CBORType, encodeCBOR } from "@levischuck/tiny-cbor";
import type { Assertion, Attestation } from "../../src/auth/factor_schemas.ts";

export type Algorithm = "ES256" | "EdDSA" | "RS256";

/** COSE's numbers for the algorithms. */
const COSE_ALGORITHM: Record<Algorithm, number> = { ES256: -7, EdDSA: -8, RS256: -257 };

/** Bits of the flags' byte: WebAuthn, section 6.1. */
export const Flag = { UP: 0x01, UV: 0x04, BE: 0x08, BS: 0x10, AT: 0x40, ED: 0x80 } as const;

/** What a test may have it do wrong. */
export interface Faults {
  readonly type?: string;
  readonly origin?: string;
  readonly challenge?: string;
  /** Merged into the client's data. */
  readonly clientData?: Record<string, unknown>;
  readonly rpId?: string;
  readonly flags?: number;
  readonly counter?: number;
  /** Of the credential, when it says which one it uses. */
  readonly id?: string;
  readonly userHandle?: string | undefined;
  /** Signs with another key than it was registered with. */
  readonly forged?: boolean;
  readonly attestation?: readonly [format: string, statement: Map<string, CBORType>];
  /** COSE's number of the algorithm, in the key it gives. */
  readonly algorithm?: number;
}

interface CreationOptions {
  readonly challenge: string;
  readonly rp: { readonly id: string };
  readonly user: { readonly id: string };
}

interface RequestOptions {
  readonly challenge: string;
  readonly rpId: string;
}

/**
 * An authenticator and the browser in front of it, for one passkey: makes it, signs with it, and
 * does wrong on demand. Written from the specification, https://www.w3.org/TR/webauthn-3/.
 */
export class SoftwareAuthenticator {
  readonly id = randomBytes(32).toString("base64url");
  readonly algorithm: Algorithm;
  readonly #origin: string;
  readonly #keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  /** Set by creation. */
  userHandle = "";
  /** 0 for one that does not count. */
  counter = 0;
  /** Up with each use, as far as it counts. */
  counts = true;
  flags: number = Flag.UP | Flag.UV;

  constructor(origin: string, algorithm: Algorithm = "ES256") {
    this.#origin = origin;
    this.algorithm = algorithm;
    this.#keys = keysFor(algorithm);
  }

  /** `navigator.credentials.create()`. */
  create(options: CreationOptions, faults: Faults = {}): Attestation {
    this.userHandle = options.user.id;
    const clientData = this.#clientData("webauthn.create", options.challenge, faults);
    const authData = Buffer.concat([
      this.#authData(options.rp.id, (faults.flags ?? this.flags) | Flag.AT, faults),
      this.#credentialData(faults),
    ]);
    const [format, statement] = faults.attestation ?? ["none", new Map()];
    const attestationObject = encodeCBOR(
      new Map<string, CBORType>([
        ["fmt", format],
        ["attStmt", statement],
        ["authData", new Uint8Array(authData)],
      ]),
    );
    const id = faults.id ?? this.id;
    return {
      id,
      rawId: id,
      type: "public-key",
      response: {
        clientDataJSON: clientData.toString("base64url"),
        attestationObject: Buffer.from(attestationObject).toString("base64url"),
        transports: ["internal", "hybrid"],
      },
    };
  }

  /** `navigator.credentials.get()`. */
  get(options: RequestOptions, faults: Faults = {}): Assertion {
    if (this.counts) this.counter += 1;
    const clientData = this.#clientData("webauthn.get", options.challenge, faults);
    const authData = this.#authData(options.rpId, faults.flags ?? this.flags, faults);
    const signed = Buffer.concat([authData, createHash("sha256").update(clientData).digest()]);
    const id = faults.id ?? this.id;
    const userHandle = "userHandle" in faults ? faults.userHandle : this.userHandle;
    return {
      id,
      rawId: id,
      type: "public-key",
      response: {
        clientDataJSON: clientData.toString("base64url"),
        authenticatorData: authData.toString("base64url"),
        signature: this.sign(signed, faults.forged).toString("base64url"),
        ...(userHandle === undefined ? {} : { userHandle }),
      },
    };
  }

  /** Its own signature of its making, as browsers pass it on though none was asked for. */
  selfAttestation(options: CreationOptions): Attestation {
    const plain = this.create(options);
    const clientData = Buffer.from(plain.response.clientDataJSON, "base64url");
    const authData = Buffer.concat([
      this.#authData(options.rp.id, this.flags | Flag.AT, {}),
      this.#credentialData({}),
    ]);
    const signed = Buffer.concat([authData, createHash("sha256").update(clientData).digest()]);
    const statement = new Map<string, CBORType>([
      ["alg", COSE_ALGORITHM[this.algorithm]],
      ["sig", new Uint8Array(this.sign(signed))],
    ]);
    return this.create(options, { attestation: ["packed", statement] });
  }

  sign(data: Uint8Array, forged = false): Buffer {
    const key = forged ? keysFor(this.algorithm).privateKey : this.#keys.privateKey;
    return sign(this.algorithm === "EdDSA" ? null : "sha256", data, key);
  }

  #clientData(type: string, challenge: string, faults: Faults): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: faults.type ?? type,
        challenge: faults.challenge ?? challenge,
        origin: faults.origin ?? this.#origin,
        crossOrigin: false,
        ...faults.clientData,
      }),
    );
  }

  #authData(rpId: string, flags: number, faults: Faults): Buffer {
    const rpIdHash = createHash("sha256").update(faults.rpId ?? rpId);
    const rest = Buffer.alloc(5);
    rest.writeUInt8(flags, 0);
    rest.writeUInt32BE(faults.counter ?? this.counter, 1);
    return Buffer.concat([rpIdHash.digest(), rest]);
  }

  #credentialData(faults: Faults): Buffer {
    const id = Buffer.from(this.id, "base64url");
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const key = this.#coseKey(faults.algorithm ?? COSE_ALGORITHM[this.algorithm]);
    // The AAGUID of an authenticator that does not tell its model.
    return Buffer.concat([Buffer.alloc(16), length, id, encodeCBOR(key)]);
  }

  /** RFC 9053, section 7. */
  #coseKey(algorithm: number): Map<number, CBORType> {
    const jwk = this.#keys.publicKey.export({ format: "jwk" });
    const bytes = (text = "") => new Uint8Array(Buffer.from(text, "base64url"));
    if (this.algorithm === "ES256") {
      return new Map<number, CBORType>([
        [1, 2],
        [3, algorithm],
        [-1, 1],
        [-2, bytes(jwk.x)],
        [-3, bytes(jwk.y)],
      ]);
    }
    if (this.algorithm === "EdDSA") {
      return new Map<number, CBORType>([
        [1, 1],
        [3, algorithm],
        [-1, 6],
        [-2, bytes(jwk.x)],
      ]);
    }
    return new Map<number, CBORType>([
      [1, 3],
      [3, algorithm],
      [-1, bytes(jwk.n)],
      [-2, bytes(jwk.e)],
    ]);
  }
}

function keysFor(algorithm: Algorithm) {
  if (algorithm === "ES256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  if (algorithm === "EdDSA") return generateKeyPairSync("ed25519");
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}
