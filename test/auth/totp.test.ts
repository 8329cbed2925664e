import { describe, expect, test } from "bun:test";
import { isTotpCode, qrCode, totpAt, totpStep, totpUri } from "../../src/auth/totp.ts";
import { appCode } from "./factors.ts";

/** RFC 6238, appendix B, with SHA-1. */
const secret = new TextEncoder().encode("12345678901234567890");
const vectors = [
  [59, "94287082"],
  [1111111109, "07081804"],
  [1111111111, "14050471"],
  [1234567890, "89005924"],
  [2000000000, "69279037"],
  [20000000000, "65353130"],
] as const;

describe("one-time codes", () => {
  test.each(vectors)("are those of RFC 6238 at %d seconds", async (seconds, code) => {
    const step = Math.floor(seconds / 30);
    expect(await totpAt(secret, step, 8)).toBe(code);
    expect(await totpAt(secret, step)).toBe(code.slice(2));
    expect(await totpStep(secret, code.slice(2), seconds * 1000, 0)).toBe(step);
  });

  test("are right for their step and the ones beside it, and for no other", async () => {
    const nowMs = 1_700_000_000_000;
    const now = Math.floor(nowMs / 30_000);
    const right = [-3, -2, -1, 0, 1, 2, 3].map(async (offset) =>
      totpStep(secret, await totpAt(secret, now + offset), nowMs, 0),
    );
    const steps = await Promise.all(right);
    expect(steps).toEqual([undefined, undefined, now - 1, now, now + 1, undefined, undefined]);
  });

  test("of a step that was taken, or an older one, are not right any more", async () => {
    const nowMs = 1_700_000_000_000;
    const now = Math.floor(nowMs / 30_000);
    const code = async (offset: number) => totpAt(secret, now + offset);
    expect(await totpStep(secret, await code(0), nowMs, now)).toBeUndefined();
    expect(await totpStep(secret, await code(-1), nowMs, now)).toBeUndefined();
    expect(await totpStep(secret, await code(1), nowMs, now)).toBe(now + 1);
  });

  test.each(["", "12345", "1234567", "12345a", "１２３４５６", "-12345", "1e1000"])(
    "have six digits, unlike %j",
    (text) => {
      expect(isTotpCode(text)).toBe(false);
    },
  );

  test("agree with the code that the tests' own app shows", async () => {
    const nowMs = 1_700_000_000_000;
    const base32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    expect(await totpAt(secret, Math.floor(nowMs / 30_000))).toBe(appCode(base32, nowMs));
  });
});

describe("the secret for an app", () => {
  test("is a URI that names the server, the account and the parameters", () => {
    const uri = new URL(totpUri(secret, "ada", "chat.example.org"));
    expect(uri.protocol).toBe("otpauth:");
    expect(decodeURIComponent(uri.pathname)).toEndWith("/Hubbub:ada@chat.example.org");
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
      issuer: "Hubbub",
      digits: "6",
      period: "30",
    });
  });

  test("is a QR code without script or reference", () => {
    const svg = qrCode(totpUri(secret, "ada", "chat.example.org"));
    expect(svg).toMatch(/^<svg xmlns="[^"]*" viewBox="[^"]*">(<(rect|path) [^<>]*\/>)+<\/svg>$/);
  });
});
