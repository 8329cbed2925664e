import { expect, test } from "bun:test";
import { uuidv7 } from "../../src/client/nonce.ts";

test("a nonce is a UUIDv7", () => {
  const nonce = uuidv7(Date.now());
  expect(nonce).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("a nonce carries its time, in RFC 9562's own example", () => {
  // Appendix A.6: 2022-02-22 14:22:22.00-05:00
  expect(uuidv7(0x017f22e279b0)).toStartWith("017f22e2-79b0-7");
});

test("nonces of later milliseconds sort after those of earlier ones", () => {
  const times = [0, 1, 255, 256, 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 48 - 1];
  const nonces = times.map(uuidv7);
  expect(nonces.toSorted()).toEqual(nonces);
});

test("nonces of the same millisecond differ", () => {
  expect(new Set(Array.from({ length: 10_000 }, () => uuidv7(1))).size).toBe(10_000);
});
