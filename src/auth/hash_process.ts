/**
 * The program of the child process that hashes passwords. It lives as long as the channel to its
 * parent, and keeps nothing. See hash_child.ts for the other end.
 */
import { argon2id } from "./argon2id.ts";
import type { HashAnswer, HashOrder } from "./hash_child.ts";

async function carryOut(order: HashOrder): Promise<HashAnswer> {
  const { id, password } = order;
  try {
    if (order.kind === "hash") return { id, hash: await argon2id.hash(password) };
    return { id, matches: await argon2id.verify(order.hash, password) };
  } catch {
    // The reason could quote the hash; that it failed is all that leaves this process.
    return { id, failed: true };
  }
}

process.on("message", (order: HashOrder) => {
  void carryOut(order).then((answer) => process.send?.(answer));
});
process.on("disconnect", () => process.exit(0));
// A signal to the whole group (Ctrl-C, a service manager) is for the parent, which may still have
// sign-ins to answer.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
