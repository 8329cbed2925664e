/** Another server, as far as the lock knows: takes a file until it is killed. */
import { lockFile } from "../../src/store/schema.ts";

// A variable of the module, so that the lock is not given up by the garbage collector.
export const lock = lockFile(process.argv[2] as string);
process.stdout.write("locked\n");
setInterval(() => {}, 60_000);
