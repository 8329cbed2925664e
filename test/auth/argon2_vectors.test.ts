import { describe, expect, test } from "bun:test";
import { Argon2id } from "oslo/password";

/**
 * Under `oslo` lies a newer `@node-rs/argon2` than it asks for (package.json's `overrides`), which is
 * faster. So what it makes is held here against three others: the version that `oslo` asks for, the
 * reference implementation in C, and Bun's own.
 */

const key = Uint8Array.from({ length: 32 }, (_, index) => index);
const long = `${"x".repeat(255)}😀`;

const vectors: readonly (readonly [by: string, password: string, secret: boolean, hash: string])[] =
  [
    // The command: Argon2id's defaults in oslo 1.2.1 over @node-rs/argon2 1.7.0.
    [
      "1.7.0",
      "correct horse battery",
      false,
      "$argon2id$v=19$m=19456,t=2,p=1$hCC11f3QSA+FMoNi5BUpgA$vrlZU5FH6eM960d5560PRVlrvICdq9/h5o1eLxe21SI",
    ],
    [
      "1.7.0",
      "correct horse battery",
      true,
      "$argon2id$v=19$m=19456,t=2,p=1$eNx2xgNB+CnC59fRW/XcHA$dvpmvzIg+WEq7lsP8hfxKw3KfnQI5ZXfN1Rwno7ioUg",
    ],
    [
      "1.7.0",
      "with a \0NUL",
      true,
      "$argon2id$v=19$m=19456,t=2,p=1$rLVqx1ezqayzhQM5ICusTA$M+I9n/1DT3oJ0ygYf643G+nKTavlS4E5VdaokNroUns",
    ],
    [
      "1.7.0",
      long,
      true,
      "$argon2id$v=19$m=19456,t=2,p=1$XJpNCWewQJozUOJKB7uSiw$xFGNECdQEZhaNFlhoRyu/K0IanK+RbCdvkEV/OQkXv4",
    ],
    [
      "1.7.0",
      "Motörhead1",
      true,
      "$argon2id$v=19$m=19456,t=2,p=1$h41VP9Zho244CqI07iR4WQ$/Kf2pmBEHukr3F/vBvFzuU87YoLBdq4DhzarYMxCmII",
    ],
    // argon2id_ctx() of libargon2, with the salt 0, 1, ... 15.
    [
      "C",
      "correct horse battery",
      false,
      "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$quyusfeeuAGbpiw09i+j4VKJ+I/5h3mugd4HghmS/x8",
    ],
    [
      "C",
      "correct horse battery",
      false,
      "$argon2id$v=19$m=65536,t=3,p=4$AAECAwQFBgcICQoLDA0ODw$WZX8Xdq9t/EPrirXlicMJpgh1wsO+4+2AmKoHxtvDrg",
    ],
    [
      "C",
      "correct horse battery",
      true,
      "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$zJPXOpszzDlHnkjbZ/bchMFnTyTJQPsz5+gqCaOsGBY",
    ],
    [
      "C",
      "with a \0NUL",
      true,
      "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$x14Q7Wm+SFrsyxchfcnQiIT6vj/pJiLu3fS58Kc8aZ8",
    ],
    [
      "C",
      long,
      true,
      "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$IhaaHFPgpX14h2IFZrRsk6B5/mwyPciEE53FjF8iGP0",
    ],
    [
      "C",
      "Motörhead1",
      true,
      "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AKEAXGncqIzsywkRHci0JRo/mlTZt02GVrVtNngQcjg",
    ],
  ];

describe("Argon2id under oslo", () => {
  test.each(vectors)(
    "agrees with %s on %j (with a secret: %p)",
    async (_, password, secret, hash) => {
      const argon2id = new Argon2id(secret ? { secret: key } : {});
      expect(await argon2id.verify(hash, password)).toBe(true);
      expect(await argon2id.verify(hash, `${password}.`)).toBe(false);
      const otherwise = new Argon2id(secret ? {} : { secret: key });
      expect(await otherwise.verify(hash, password)).toBe(false);
      // Bun's takes no secret.
      if (!secret) expect(await Bun.password.verify(password, hash)).toBe(true);
    },
  );

  test.each(["correct horse battery", "with a \0NUL", long, "Motörhead1"])(
    "and Bun's check each other's hashes of %j",
    async (password) => {
      const argon2id = new Argon2id();
      const ours = await argon2id.hash(password);
      const buns = await Bun.password.hash(password, {
        algorithm: "argon2id",
        memoryCost: 12_288,
        timeCost: 3,
      });
      expect(await Bun.password.verify(password, ours)).toBe(true);
      expect(await argon2id.verify(buns, password)).toBe(true);
      // Neither ends at a NUL, at bcrypt's 72 bytes, or anywhere else.
      const shorter = password.slice(0, password.includes("\0") ? password.indexOf("\0") : -1);
      expect(await Bun.password.verify(shorter, ours)).toBe(false);
      expect(await argon2id.verify(buns, shorter)).toBe(false);
    },
  );
});
