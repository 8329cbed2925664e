/**
 * Where the compiled program begins. It is one file, so the process that hashes passwords is the same
 * program once more, told by its first argument; it loads nothing of the server.
 */
import { HASHER_ARGUMENT } from "./auth/hasher_program.ts";

if (process.argv[2] === HASHER_ARGUMENT) {
  // What follows is what the file itself is started with when it runs from source.
  process.argv.splice(2, 1);
  await import("./auth/hash_process.ts");
} else {
  await import("./main.ts");
}
