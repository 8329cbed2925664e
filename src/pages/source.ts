import { statSync } from "node:fs";
import { join } from "node:path";
import { type ServedFile, unpack } from "./pack.ts";

const repository = join(import.meta.dir, "../..");
/** Where `bun run build:pages` leaves the pack. */
const builtPack = join(repository, "dist/pages.pack");
/**
 * The pack's name in a compiled program, which has it as one of its embedded files:
 * `bun build --compile src/main.ts dist/pages.pack`.
 */
const embeddedPack = /(^|\/)pages(-[^/.]+)?\.pack$/;
/** Where the code of a compiled program is; the sources of the pages are not there. */
const isCompiled = import.meta.dir.startsWith("/$bunfs");
/** What the pages are made of. */
const sources = new Bun.Glob("src/{web,client,wire,pages}/**/*");
const versions = "bun.lock";

/** Starts a process that may run on any core, whatever this thread is pinned to. */
export type Freely = <T>(start: () => T) => T;

/**
 * Brings the pages: those that the program was compiled with, those that were built and are newer
 * than all their sources, or new ones, which takes a child process a fraction of a second.
 *
 * @throws Error with what the bundler said.
 */
export async function bringPages(freely: Freely): Promise<ServedFile[]> {
  const embedded = Bun.embeddedFiles.find((file) => embeddedPack.test(nameOf(file)));
  if (embedded !== undefined) return unpack(await embedded.text());
  // There it would start the program itself.
  if (isCompiled) throw new Error("pages/source: this program was compiled without its pages");
  if (isFresh()) return unpack(await Bun.file(builtPack).text());
  return build(freely);
}

/** Bun names its embedded files; the type of a Blob does not know. */
function nameOf(file: Blob): string {
  return "name" in file ? String(file.name) : "";
}

function isFresh(): boolean {
  const built = statSync(builtPack, { throwIfNoEntry: false });
  if (built === undefined) return false;
  for (const path of [versions, ...sources.scanSync(repository)]) {
    if (statSync(join(repository, path)).mtimeMs >= built.mtimeMs) return false;
  }
  return true;
}

async function build(freely: Freely): Promise<ServedFile[]> {
  const child = freely(() =>
    Bun.spawn([process.execPath, join(import.meta.dir, "build.ts")], {
      cwd: repository,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { PATH: process.env.PATH, HOME: process.env.HOME },
    }),
  );
  const [text, complaint, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`pages/source: the pages cannot be built: ${complaint.trim()}`);
  return unpack(text);
}
