import { timingSafeEqual } from "node:crypto";
import { TimeSpan } from "oslo";
import { createTOTPKeyURI, generateHOTP } from "oslo/otp";
import { renderSVG } from "uqr";

/** RFC 6238 as every authenticator app has it: SHA-1, six digits, thirty seconds. */
const DIGITS = 6;
const STEP_SECONDS = 30;
/** RFC 4226, section 4: 160 bits are recommended. */
export const TOTP_SECRET_BYTES = 20;
/** RFC 6238, section 5.2: one step is for clocks that differ, and for the time that typing takes. */
const WINDOW_STEPS = [-1, 0, 1] as const;

const CODE_PATTERN = /^\d{6}$/;

/** Whether a text has the form of a one-time code. */
export function isTotpCode(text: string): boolean {
  return CODE_PATTERN.test(text);
}

/**
 * The time step that the code is right for, one before and after now included; undefined where it
 * is right for none. Steps up to `lastStep` do not count: a code works once (RFC 6238, section 5.2).
 *
 * Every step of the window is computed and compared in constant time, whichever fits.
 *
 * @param code Six digits, see isTotpCode.
 * @param nowMs Milliseconds since the Unix epoch.
 */
export async function totpStep(
  secret: Uint8Array,
  code: string,
  nowMs: number,
  lastStep: number,
): Promise<number | undefined> {
  const now = Math.floor(nowMs / 1000 / STEP_SECONDS);
  const given = Buffer.from(code);
  const steps = WINDOW_STEPS.map((offset) => now + offset);
  const expected = await Promise.all(steps.map((step) => totpAt(secret, step)));
  let found: number | undefined;
  expected.forEach((right, index) => {
    const step = steps[index] as number;
    const fits = timingSafeEqual(Buffer.from(right), given);
    if (fits && step > lastStep) found ??= step;
  });
  return found;
}

/** The code of a time step. */
export function totpAt(secret: Uint8Array, step: number, digits = DIGITS): Promise<string> {
  return generateHOTP(secret, step, digits);
}

/** What an authenticator app takes: `otpauth://totp/Hubbub:ada%40chat.example.org?secret=...`. */
export function totpUri(secret: Uint8Array, name: string, host: string): string {
  const options = { digits: DIGITS, period: new TimeSpan(STEP_SECONDS, "s") };
  return createTOTPKeyURI("Hubbub", `${name}@${host}`, secret, options);
}

/** A QR code as SVG, without any script or reference. */
export function qrCode(text: string): string {
  return renderSVG(text, { ecc: "M", border: 4, pixelSize: 1 });
}
