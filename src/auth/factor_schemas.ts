import { t } from "elysia";
import { cookie } from "./cookie_field.ts";

/**
 * The bodies of requests and answers about second factors, as schemas.ts has the others. Lengths
 * are bounds of what authenticators and browsers send, with room to spare.
 */

const integer = (description: string) => t.Unsafe<number>({ type: "integer", description });
const nullableInteger = (description: string) =>
  t.Unsafe<number | null>({ type: ["integer", "null"], description });
const base64url = (maxLength: number, description?: string) =>
  t.String({ maxLength, pattern: "^[A-Za-z0-9_-]*$", ...(description ? { description } : {}) });
/** WebAuthn, section 4: at most 1023 bytes. */
const credentialId = base64url(1364);

const transports = t.Optional(
  t.Array(t.String({ maxLength: 16, pattern: "^[a-z-]+$" }), { maxItems: 8 }),
);

const assertion = t.Object(
  {
    id: credentialId,
    rawId: credentialId,
    type: t.Literal("public-key"),
    response: t.Object({
      clientDataJSON: base64url(2048),
      authenticatorData: base64url(2048),
      signature: base64url(1024),
      userHandle: t.Optional(base64url(128)),
    }),
  },
  { description: "What `PublicKeyCredential.toJSON()` gives after `navigator.credentials.get()`" },
);

const attestation = t.Object(
  {
    id: credentialId,
    rawId: credentialId,
    type: t.Literal("public-key"),
    response: t.Object({
      clientDataJSON: base64url(2048),
      attestationObject: base64url(4096),
      transports,
    }),
  },
  {
    description: "What `PublicKeyCredential.toJSON()` gives after `navigator.credentials.create()`",
  },
);

const code = t.String({
  maxLength: 64,
  description: "Six digits of an authenticator app, or a recovery code",
});
const challenge = t.String({ maxLength: 64 });
const name = t.String({
  minLength: 1,
  maxLength: 64,
  description: "What the user knows the device by",
});

export const secondFactorBody = t.Object({
  challenge: t.String({ maxLength: 64, description: "From the answer SECOND_FACTOR_REQUIRED" }),
  code: t.Optional(code),
  passkey: t.Optional(assertion),
  cookie,
});

export const passkeySignInBody = t.Object({ passkey: assertion, cookie });

export const confirmBody = t.Object({
  password: t.Optional(t.String()),
  code: t.Optional(code),
  passkey: t.Optional(assertion),
});

export const totpConfirmBody = t.Object({
  enrolment: challenge,
  code: t.String({ maxLength: 16, description: "The six digits that the app shows now" }),
});

export const newPasskeyBody = t.Object({ name, passkey: attestation });
export const passkeyNameBody = t.Object({ name });

const methods = t.Array(
  t.Union([t.Literal("totp"), t.Literal("passkey"), t.Literal("recovery_code")]),
  { description: "What the account can answer with" },
);
const requestOptions = t.Unsafe<object>({
  type: "object",
  description: "For `navigator.credentials.get()`: PublicKeyCredentialRequestOptionsJSON",
});

const secondFactor = t.Object({
  challenge: t.String({ description: "For POST /auth/token/factor, once" }),
  expires_in: integer("Seconds"),
  methods,
  passkey_options: t.Optional(requestOptions),
});

const tokenRefusal = t.Object({
  error: t.Object({
    code: t.String(),
    text: t.String(),
    retry_after_ms: t.Optional(integer("When to try again")),
  }),
  second_factor: t.Optional(secondFactor),
});

const totpEnrolment = t.Object({
  enrolment: t.String({ description: "For POST /auth/factors/totp/confirm" }),
  expires_in: integer("Seconds"),
  secret: t.String({ description: "In base32, to be typed into an authenticator app" }),
  uri: t.String({ description: "The same as an otpauth:// URI" }),
  qr_svg: t.String({ description: "The URI as a QR code: an SVG image" }),
});

const factorAdded = t.Object({
  recovery_codes: t.Optional(
    t.Array(t.String(), { description: "With the first factor only, and never shown again" }),
  ),
});

const recoveryCodes = t.Object({
  recovery_codes: t.Array(t.String(), { description: "Never shown again" }),
});

const factorList = t.Object({
  totp: t.Union([
    t.Object({
      created_ms: integer("Milliseconds since the Unix epoch"),
      used_ms: nullableInteger("The last sign-in with it"),
    }),
    t.Null(),
  ]),
  passkeys: t.Array(
    t.Object({
      id: t.String({ description: "The credential's id" }),
      name: t.String(),
      synced: t.Boolean({ description: "Whether its provider may copy it to other devices" }),
      created_ms: integer("Milliseconds since the Unix epoch"),
      used_ms: nullableInteger("The last sign-in with it"),
    }),
  ),
  recovery_codes_left: integer("Recovery codes that have not been used"),
});

const creationOptions = t.Unsafe<object>({
  type: "object",
  description: "For `navigator.credentials.create()`: PublicKeyCredentialCreationOptionsJSON",
});

/** The answers, by the names that `/openapi` gives them. */
export const factorAnswerSchemas = {
  TokenRefusal: tokenRefusal,
  TotpEnrolment: totpEnrolment,
  FactorAdded: factorAdded,
  RecoveryCodes: recoveryCodes,
  FactorList: factorList,
  PasskeyCreationOptions: creationOptions,
  PasskeyRequestOptions: requestOptions,
};

export type Assertion = typeof assertion.static;
export type Attestation = typeof attestation.static;
export type SecondFactorAnswer = typeof secondFactor.static;
export type TotpEnrolmentAnswer = typeof totpEnrolment.static;
export type FactorAddedAnswer = typeof factorAdded.static;
export type RecoveryCodesAnswer = typeof recoveryCodes.static;
export type FactorListAnswer = typeof factorList.static;
