import { dlopen, ptr } from "bun:ffi";

/** `struct timex` has 208 bytes where a `long` has 8 (adjtimex(2)); all zero, it asks and sets nothing. */
const TIMEX_BYTES = 256;
/** Where `maxerror` is in it, in microseconds. */
const MAX_ERROR_OFFSET = 24;

/**
 * By how much the system's clock may be wrong at the most, by its own reckoning: in ms. It grows while nobody sets the
 * clock by another one, to 16 s, where it stays. Undefined where the system does not tell.
 */
export function clockErrorMs(): number | undefined {
  if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch)) return undefined;
  try {
    const call = { args: ["ptr"], returns: "i32" } as const;
    // glibc's name; musl takes it for its own, too.
    const { adjtimex } = dlopen("libc.so.6", { adjtimex: call }).symbols;
    const timex = new DataView(new ArrayBuffer(TIMEX_BYTES));
    if (adjtimex(ptr(timex)) < 0) return undefined;
    return Number(timex.getBigInt64(MAX_ERROR_OFFSET, true)) / 1000;
  } catch {
    return undefined;
  }
}
