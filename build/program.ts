/**
 * Compiles Hubbub into one file that needs nothing but a C library: Bun, the program, its threads, the
 * native addon, the pages.
 *
 *     bun run build                                   dist/hubbub
 *     bun run build --outfile FILE --commit COMMIT    where there is no repository, as in an image
 */
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundlePageCode, EMBEDDED_PAGE_CODE } from "../src/cli/profile/page_code.ts";
import { addonsFromMemory, reflectFirst } from "./plugins.ts";

const repository = join(import.meta.dir, "..");
const source = (path: string) => join(repository, "src", path);

const { values } = parseArgs({
  options: {
    outfile: { type: "string", default: join(repository, "dist/hubbub") },
    commit: { type: "string" },
  },
});
const outfile = resolve(values.outfile);
const commit = values.commit ?? commitOfRepository();

mkdirSync(dirname(outfile), { recursive: true });
// Always the same, for its name gets into the program, which is the same for the same sources.
const scratch = join(repository, "dist/parts");
mkdirSync(scratch, { recursive: true });
const pageCode = join(scratch, EMBEDDED_PAGE_CODE);
await Bun.write(pageCode, await bundlePageCode());
const pages = bundledPages();

const { outputs } = await Bun.build({
  entrypoints: [
    source("compiled.ts"),
    source("store/reader.worker.ts"),
    source("store/writer.worker.ts"),
    source("store/backups/backups.worker.ts"),
  ],
  target: "bun",
  format: "esm",
  // Beside each other, where `new URL("./reader.worker.ts", import.meta.url)` finds them.
  naming: { entry: "[name].[ext]" },
  // What is read at start is a third of the program; the hasher reads little more than itself.
  splitting: true,
  bytecode: true,
  // Stack traces tell of the sources; names are kept for profiles.
  sourcemap: "linked",
  minify: false,
  define: { HUBBUB_COMMIT: JSON.stringify(commit) },
  plugins: [reflectFirst, addonsFromMemory(repository, scratch)],
  compile: {
    outfile,
    assets: [pageCode, pages],
    // What it does depends on its arguments and its environment, not on where it is started.
    autoloadDotenv: false,
    autoloadBunfig: false,
  },
});
// They are embedded; the copies beside the program are of no use.
for (const { path } of outputs) if (path.endsWith(".map")) rmSync(path, { force: true });
rmSync(scratch, { recursive: true });

const bytes = Bun.file(outfile).size;
process.stdout.write(`${outfile}: ${(bytes / 2 ** 20).toFixed(1)} MiB, commit ${commit}\n`);

/** The pack of the web pages, under the name by which src/pages/source.ts looks for it. */
function bundledPages(): string {
  const file = join(scratch, "pages.pack");
  const { success, stderr } = Bun.spawnSync([process.execPath, source("pages/build.ts"), file]);
  if (!success) throw new Error(`the pages cannot be bundled: ${stderr}`);
  return file;
}

/** The commit, with a sign where the files are not what it says. */
function commitOfRepository(): string {
  const git = (...args: string[]) =>
    Bun.spawnSync(["git", ...args], { cwd: repository, stderr: "ignore" });
  const head = git("rev-parse", "--short=12", "HEAD");
  if (!head.success) return "unknown";
  const isChanged = git("status", "--porcelain").stdout.length > 0;
  return `${head.stdout.toString().trim()}${isChanged ? "+changes" : ""}`;
}
