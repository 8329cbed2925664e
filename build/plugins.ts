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
const ADDON = /\.node$/;

/**
 * Native addons that are loaded from the program itself: see embedded_addons.ts.
 *
 * @param scratch a folder for copies under another name, since what ends in `.node` is always
 * embedded in Bun's own way. They are there before the build begins: Bun reads a folder once.
 */
export function addonsFromMemory(repository: string, scratch: string): BunPlugin {
  const copyOf = (path: string) => join(scratch, `${basename(path)}.addon`);
  for (const path of new Bun.Glob("node_modules/@node-rs/*/*.node").scanSync(repository)) {
    copyFileSync(join(repository, path), copyOf(path));
  }
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
      build.onLoad({ filter: ADDON, namespace: "addon" }, ({ path }) => ({
        contents: `
          import file from ${JSON.stringify(copyOf(path))} with { type: "file" };
          import { loadAddon } from ${JSON.stringify(loader)};
          module.exports = loadAddon(file);
        `,
        loader: "js",
      }));
    },
  };
}
