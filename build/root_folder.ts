/**
 * Lays out the whole file system of the image: the program and the libraries that it loads, a folder
 * for the data, and the names of its user. Nothing else: no shell, no package manager.
 *
 *     bun build/root_folder.ts dist/hubbub FOLDER
 */
import { chmodSync, chownSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Whoever runs the program in the image: a user without a name anywhere else, and without rights. */
export const USER_ID = 65_532;

const repository = join(import.meta.dir, "..");

/** @param folder is empty, or not there yet. */
export function layRootFolder(program: string, folder: string): void {
  const put = (from: string, to: string, mode: number) => {
    const target = join(folder, to);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(from, target);
    chmodSync(target, mode);
  };
  put(program, "usr/local/bin/hubbub", 0o755);
  const addons = new Bun.Glob("node_modules/@node-rs/*/*.node").scanSync(repository);
  const binaries = [program, ...[...addons].map((path) => join(repository, path))];
  for (const library of new Set(binaries.flatMap(librariesOf))) put(library, library, 0o755);

  const account = `hubbub:x:${USER_ID}:`;
  const files = {
    "etc/passwd": `${account}${USER_ID}:Hubbub:/data:/usr/local/bin/hubbub\n`,
    "etc/group": `${account}\n`,
    "etc/nsswitch.conf": "hosts: files dns\n",
  };
  mkdirSync(join(folder, "etc"), { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);

  // What a container runtime mounts on. The root of an image is read-only, so they must be there.
  for (const mounted of ["dev", "proc", "sys", "tmp"]) mkdirSync(join(folder, mounted));
  const data = join(folder, "data");
  mkdirSync(data, { mode: 0o700 });
  if (process.getuid?.() === 0) chownSync(data, USER_ID, USER_ID);
}

/** The files that the dynamic linker would load, under the names by which it looks for them. */
function librariesOf(binary: string): string[] {
  const { stdout, success } = Bun.spawnSync(["ldd", binary]);
  // Of another C library than this system's, which has files for musl beside those for glibc.
  if (!success) return [];
  // "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)", "/lib64/ld-linux-x86-64.so.2 (0x...)"
  const lines = stdout.toString().split("\n");
  return lines.flatMap((line) => /(?:=> |^\s+)(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

if (import.meta.main) {
  const [, , program, folder] = process.argv;
  if (program === undefined || folder === undefined) {
    throw new Error(`bun build/${basename(import.meta.path)} PROGRAM FOLDER`);
  }
  layRootFolder(program, folder);
}
