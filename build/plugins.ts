import { copyFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { BunPlugin } from "bun";

/**
 * `reflect-metadata` as a module like the others. It is CommonJS, which Bun's bundler runs after all
 * modules that are imported beside it, and those that check whether it is there would not start.
 */
export const reflectFirst: BunPlugin = {
  name: "reflect-metadata first",
  setup(build) {
    build.onLoad({ filter: /[\\/]reflect-metadata[\\/]Reflect\.js$/ }, async ({ path }) => ({
      contents: `${await Bun.file(path).text()}\nexport {};\n`,
      loader: "js",
    }));
  },
};

const loader = join(import.meta.dir, "embedded_addons.ts");
/** Packages of one platform have one file, which is their main one. */
const PLATFORM_PACKAGE = /^@node-rs\/(?:argon2|bcrypt)-[a-z0-9-]+$/;

/**
 * Native addons that are loaded from the program itself: see embedded_addons.ts.
 *
 * @param scratch a folder for copies under another name, since what ends in `.node` is always
 * embedded in Bun's own way.
 */
export function addonsFromMemory(scratch: string): BunPlugin {
  return {
    name: "addons from memory",
    setup(build) {
      build.onResolve({ filter: PLATFORM_PACKAGE }, ({ path, importer }) => {
        try {
          return { path: Bun.resolveSync(path, dirname(importer)), namespace: "addon" };
        } catch {
          // Of another platform, and so not installed: what asks for it is used to that.
          return { path, external: true };
        }
      });
      build.onLoad({ filter: /\.node$/, namespace: "addon" }, ({ path }) => {
        const copy = join(scratch, `${basename(path)}.addon`);
        copyFileSync(path, copy);
        return {
          contents: `
            import file from ${JSON.stringify(copy)} with { type: "file" };
            import { loadAddon } from ${JSON.stringify(loader)};
            module.exports = loadAddon(file);
          `,
          loader: "js",
        };
      });
    },
  };
}
