import { createHmac, timingSafeEqual } from "node:crypto";
import { jwt } from "@elysiajs/jwt";

const ALGORITHM = "HS256";
const ISSUER = "hubbub";
const AUDIENCE = "hubbub";

/** No token of ours is nearly as long; nothing longer is looked at. */
const LONGEST_TOKEN_CHARACTERS = 1024;
/** `{"alg":"HS256","typ":"JWT"}`, the one header there is. */
const HEADER = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
/** 32 bytes in base64url. */
const SIGNATURE_CHARACTERS = 43;
/** How far this machine's clock may have been set back since a token was signed. */
const CLOCK_LEEWAY_SECONDS = 300;

/** The session that a token or a ticket was given to. It may have ended since. */
export interface SessionHolder {
  readonly accountId: number;
  readonly sessionId: string;
  /** The account's when it was given: see store/schema.ts. */
  readonly epoch: number;
}

/**
 * Signs and checks the JWTs that open sockets and routes for some minutes.
 *
 * They are signed by `@elysiajs/jwt` and checked here: everybody who connects again brings one, and
 * the plugin's check is asynchronous and takes many times as long. This one is synchronous, and
 * strict where the standard (RFC 7519, with RFC 8725's advice) leaves a choice: one header, byte
 * for byte, so that no algorithm, key or extension is ever read from a token; the signature before
 * the claims; every claim that is signed must be there.
 */
export class AccessTokens {
  readonly #jwt;
  readonly #key: Buffer;
  readonly #lifeSeconds: number;
  readonly #now: () => number;

  /** @param now Milliseconds since the Unix epoch. */
  constructor(secret: string, lifeSeconds: number, now: () => number) {
    this.#key = Buffer.from(secret);
    this.#lifeSeconds = lifeSeconds;
    this.#now = now;
    this.#jwt = jwt({
      name: "access",
      secret,
      alg: ALGORITHM,
      iss: ISSUER,
      aud: AUDIENCE,
    }).decorator.access;
  }

  sign({ accountId, sessionId, epoch }: SessionHolder): Promise<string> {
    return this.#jwt.sign({
      sub: String(accountId),
      sid: sessionId,
      epoch,
      exp: Math.floor(this.#now() / 1000) + this.#lifeSeconds,
    });
  }

  /** Hot. Whose token it is; undefined where it is not ours, not valid now, or no access token. */
  verify(token: string): SessionHolder | undefined {
    if (token.length > LONGEST_TOKEN_CHARACTERS) return undefined;
    const signedEnd = token.length - SIGNATURE_CHARACTERS - 1;
    if (!token.startsWith(`${HEADER}.`) || token[signedEnd] !== ".") return undefined;
    const signed = token.slice(0, signedEnd);
    const signature = createHmac("sha256", this.#key).update(signed).digest("base64url");
    // As text, so that there is one way to write a signature: the last character has spare bits.
    const given = Buffer.from(token.slice(signedEnd + 1));
    const wanted = Buffer.from(signature);
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
    return this.#holderIn(signed.slice(HEADER.length + 1));
  }

  #holderIn(payload: string): SessionHolder | undefined {
    const claims = claimsIn(payload);
    if (claims === undefined) return undefined;
    const { iss, aud, sub, sid, epoch, iat, exp, nbf } = claims;
    const nowSeconds = this.#now() / 1000;
    const isForUs = iss === ISSUER && aud === AUDIENCE;
    const isNow =
      isTime(exp) &&
      nowSeconds < exp &&
      isTime(iat) &&
      iat < nowSeconds + CLOCK_LEEWAY_SECONDS &&
      (nbf === undefined || (isTime(nbf) && nbf <= nowSeconds));
    if (!isForUs || !isNow) return undefined;
    if (typeof sub !== "string" || !/^[1-9]\d{0,15}$/.test(sub)) return undefined;
    if (typeof sid !== "string" || !Number.isSafeInteger(epoch)) return undefined;
    return { accountId: Number(sub), sessionId: sid, epoch: epoch as number };
  }
}

function claimsIn(payload: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
    return typeof claims === "object" && claims !== null
      ? (claims as Record<string, unknown>)
      : undefined;
  } catch {
    // Signed by whoever has our secret, but no JSON.
    return undefined;
  }
}

/** RFC 7519, section 2: a NumericDate, in seconds. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
