/**
 * Bundles the pages, as a process of its own: what bundling takes of memory and threads ends with it.
 *
 *     bun src/pages/build.ts              the pack on standard output
 *     bun src/pages/build.ts pages.pack   the pack in that file
 */
import { bundlePages } from "./bundle.ts";
import { pack } from "./pack.ts";

const [, , file] = process.argv;
await Bun.write(file ?? Bun.stdout, pack(await bundlePages()));
