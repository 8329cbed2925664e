/**
 * The program of the child process that hashes passwords. It alone reads the pepper. It lives as
 * long as the channel to its parent, and keeps nothing. See hash_child.ts for the other end.
 */
import { CommonPasswords } from "./common_passwords.ts";
import type { HashAnswer, HasherReady, HashOrder } from "./hash_orders.ts";
import { Hashing } from "./hashing.ts";
import { PepperError, readPeppers } from "./pepper_file.ts";

const [pepperFile = "", memoryKib, passes, permission] = process.argv.slice(2);
/** Never again once it was there: should the file go missing, another one would not help. */
let mayMake = permission === "may make pepper";
const hashing = new Hashing(
  () => {
    const peppers = readPeppers(pepperFile, mayMake);
    mayMake = false;
    return peppers;
  },
  { memoryKib: Number(memoryKib), passes: Number(passes) },
);

const common = new CommonPasswords();

async function carryOut(order: HashOrder): Promise<HashAnswer> {
  const { id, password } = order;
  try {
    if (order.kind === "verify") {
      return { id, ...(await hashing.verify(order.hash ?? undefined, password)) };
    }
    if (await common.has(password)) return { id, isCommon: true };
    return { id, hash: await hashing.hash(password) };
  } catch (error) {
    if (error instanceof PepperError) return { id, pepperTrouble: error.message };
    // The reason could quote what it stumbled over; that it failed is all that leaves this process.
    return { id, failed: true };
  }
}

/** One at a time: each takes all of a core and its memory. */
let last: Promise<unknown> = Promise.resolve();
process.on("message", (order: HashOrder) => {
  last = last.then(async () => process.send?.(await carryOut(order)));
});
process.on("disconnect", () => process.exit(0));
// A signal to the whole group (Ctrl-C, a service manager) is for the parent, which may still have
// sign-ins to answer.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});

const ready: HasherReady = { ready: true, pepperTrouble: hashing.pepperTrouble ?? null };
process.send?.(ready);
