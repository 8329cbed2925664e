import { createHmac } from "node:crypto";
import type {
  FactorAddedAnswer,
  FactorListAnswer,
  SecondFactorAnswer,
  TotpEnrolmentAnswer,
} from "../../src/auth/factor_schemas.ts";
import type { SignInAnswer } from "../../src/auth/schemas.ts";
import { type AuthServer, type ErrorBody, expectStatus, PASSWORD } from "./auth_server.ts";
import { type Algorithm, SoftwareAuthenticator } from "./software_authenticator.ts";

/** An origin of the relying party that the test's server is by default. */
export const ORIGIN = "https://localhost";

const STEP_MS = 30_000;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** RFC 4648, section 6. */
export function fromBase32(text: string): Uint8Array {
  const bits = [...text].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, "0"));
  const bytes = bits.join("").match(/.{8}/g) ?? [];
  return Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 2));
}

/** The code of an authenticator app, by RFC 6238 and not by our library. */
export function appCode(secret: string, nowMs: number, stepsAhead = 0): string {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(nowMs / STEP_MS) + stepsAhead));
  const mac = createHmac("sha1", fromBase32(secret)).update(step).digest();
  const offset = (mac[19] as number) & 15;
  const number = (mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000;
  return String(number).padStart(6, "0");
}

/** A wrong code, whatever the right ones are now. */
export function wrongCode(secret: string, nowMs: number): string {
  const right = [-2, -1, 0, 1, 2].map((ahead) => appCode(secret, nowMs, ahead));
  for (let guess = 0; ; guess++) {
    const code = String(guess).padStart(6, "0");
    if (!right.includes(code)) return code;
  }
}

/** Turns one-time codes on; the clock goes on, so that the next code is another one. */
export async function addTotp(server: AuthServer, token: string) {
  const enrolment = expectStatus(
    200,
    await server.as<TotpEnrolmentAnswer>(token, "POST", "/auth/factors/totp"),
  );
  const { secret } = enrolment;
  const added = expectStatus(
    200,
    await server.as<FactorAddedAnswer>(token, "POST", "/auth/factors/totp/confirm", {
      enrolment: enrolment.enrolment,
      code: appCode(secret, server.nowMs),
    }),
  );
  server.nowMs += 2 * STEP_MS;
  return { enrolment, secret, recoveryCodes: added.recovery_codes ?? [] };
}

/** Makes a passkey for the account. */
export async function addPasskey(
  server: AuthServer,
  token: string,
  algorithm: Algorithm = "ES256",
  name = "key",
) {
  const authenticator = new SoftwareAuthenticator(ORIGIN, algorithm);
  const options = await creationOptions(server, token);
  const passkey = authenticator.create(options);
  const added = expectStatus(
    201,
    await server.as<FactorAddedAnswer>(token, "POST", "/auth/factors/passkeys", { name, passkey }),
  );
  return { authenticator, options, recoveryCodes: added.recovery_codes ?? [] };
}

export interface CreationOptions {
  readonly challenge: string;
  readonly rp: { readonly id: string; readonly name: string };
  readonly user: { readonly id: string; readonly name: string };
  readonly attestation: string;
  readonly timeout: number;
  readonly pubKeyCredParams: readonly { readonly alg: number }[];
  readonly excludeCredentials: readonly { readonly id: string }[];
  readonly authenticatorSelection: object;
}

export interface RequestOptions {
  readonly challenge: string;
  readonly rpId: string;
  readonly userVerification: string;
  readonly allowCredentials?: readonly { readonly id: string }[];
}

export async function creationOptions(server: AuthServer, token: string): Promise<CreationOptions> {
  const path = "/auth/factors/passkeys/options";
  return expectStatus(200, await server.as<CreationOptions>(token, "POST", path));
}

/** What a browser gets that is to sign in by passkey. */
export async function requestOptions(server: AuthServer): Promise<RequestOptions> {
  return expectStatus(200, await server.call<RequestOptions>("POST", "/auth/passkey/options"));
}

type SecondFactor = SecondFactorAnswer & { readonly passkey_options?: RequestOptions };

/** Gives the right password, which must not be enough. */
export async function demanded(server: AuthServer, name = "ada"): Promise<SecondFactor> {
  const answer = await server.post<ErrorBody & { second_factor: SecondFactor }>("/auth/token", {
    name,
    password: PASSWORD,
  });
  const { error, second_factor: secondFactor } = expectStatus(401, answer);
  if (error.code !== "SECOND_FACTOR_REQUIRED") throw new Error(`refused with ${error.code}`);
  return secondFactor;
}

/** Answers a challenge; the answer may be a grant or a refusal. */
export function finish(server: AuthServer, challenge: string, presented: object) {
  return server.post<ErrorBody & SignInAnswer>("/auth/token/factor", { challenge, ...presented });
}

/** Signs in by password and code. */
export async function signInWithCode(server: AuthServer, code: string, name = "ada") {
  const { challenge } = await demanded(server, name);
  return finish(server, challenge, { code });
}

export async function factorsOf(server: AuthServer, token: string): Promise<FactorListAnswer> {
  return expectStatus(200, await server.as<FactorListAnswer>(token, "GET", "/auth/factors"));
}

export function confirm(server: AuthServer, token: string, proofs: object) {
  return server.as<ErrorBody>(token, "POST", "/auth/confirm", proofs);
}

/** The code that a refusal carries. */
export function codeIn({ status, body }: { status: number; body: ErrorBody }): string {
  if (status < 400) throw new Error(`not refused: ${status}`);
  return body.error.code;
}
