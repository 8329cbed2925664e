import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** What a server on its own machine takes for its own page. */
const ORIGIN = "https://localhost";
/** WebAuthn, section 6.1: the user was there, and verified; a new credential is attached. */
const FLAGS = { used: 0x05, created: 0x45 } as const;

/** An authenticator with one passkey, and the browser before it: https://www.w3.org/TR/webauthn-3/. */
export class Authenticator {
  readonly #id = randomBytes(32);
  readonly #keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  #userHandle = "";
  #uses = 0;

  constructor() {
    this.#keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  }

  /** `navigator.credentials.create()`, as JSON. */
  create(options: { challenge: string; rpId: string; userHandle: string }): object {
    this.#userHandle = options.userHandle;
    const clientData = clientDataOf("webauthn.create", options.challenge);
    // The AAGUID of an authenticator that does not tell its model.
    const credential = Buffer.concat([
      Buffer.alloc(16),
      uint16(this.#id.length),
      this.#id,
      this.#coseKey(),
    ]);
    const authData = Buffer.concat([this.#authData(options.rpId, FLAGS.created), credential]);
    return this.#credential({
      clientDataJSON: clientData.toString("base64url"),
      attestationObject: attestationOf(authData).toString("base64url"),
    });
  }

  /** `navigator.credentials.get()`, as JSON. */
  get(options: { challenge: string; rpId: string }): object {
    this.#uses += 1;
    const clientData = clientDataOf("webauthn.get", options.challenge);
    const authData = this.#authData(options.rpId, FLAGS.used);
    const signed = Buffer.concat([authData, createHash("sha256").update(clientData).digest()]);
    return this.#credential({
      clientDataJSON: clientData.toString("base64url"),
      authenticatorData: authData.toString("base64url"),
      signature: sign("sha256", signed, this.#keys.privateKey).toString("base64url"),
      userHandle: this.#userHandle,
    });
  }

  #credential(response: object): object {
    const id = this.#id.toString("base64url");
    return { id, rawId: id, type: "public-key", response };
  }

  #authData(rpId: string, flags: number): Buffer {
    const rest = Buffer.alloc(5);
    rest.writeUInt8(flags, 0);
    rest.writeUInt32BE(this.#uses, 1);
    return Buffer.concat([createHash("sha256").update(rpId).digest(), rest]);
  }

  /** RFC 9053, section 7.1: {1: 2, 3: -7, -1: 1, -2: x, -3: y} in CBOR. */
  #coseKey(): Buffer {
    const { x = "", y = "" } = this.#keys.publicKey.export({ format: "jwk" });
    const of32Bytes = (text: string) => [Buffer.from([0x58, 0x20]), Buffer.from(text, "base64url")];
    return Buffer.concat([
      Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01]),
      ...[Buffer.from([0x21]), ...of32Bytes(x)],
      ...[Buffer.from([0x22]), ...of32Bytes(y)],
    ]);
  }
}

function clientDataOf(type: string, challenge: string): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin: ORIGIN, crossOrigin: false }));
}

/** WebAuthn, section 6.5.4: {"fmt": "none", "attStmt": {}, "authData": bytes} in CBOR. */
function attestationOf(authData: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from([0xa3]),
    ...[Buffer.from("\x63fmt\x64none"), Buffer.from("\x67attStmt"), Buffer.from([0xa0])],
    ...[Buffer.from("\x68authData"), Buffer.from([0x59]), uint16(authData.length), authData],
  ]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
