import { accessSync, constants, readdirSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Config } from "../../config.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** A folder that is for everybody's files, such as /tmp. */
const STICKY = 0o1000;

interface File {
  readonly name: string;
  readonly stats: Stats;
}

/** The data folder and what lies in it: whose it is, and who may read it. */
export function fileFindings(config: Config): Finding[] {
  const folder = dirname(resolve(config.data));
  const database = basename(config.data);
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) {
    return [warn("folder", `There is no ${folder} yet.`, "The first start makes it.")];
  }
  const names = readdirSync(folder).filter(
    // Whose the others are is nobody's business here.
    (name) => name.startsWith(database) || /\.key(\.next)?$/.test(name),
  );
  const files = names.flatMap((name): File[] => {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    return found === undefined ? [] : [{ name, stats: found }];
  });
  const found = [
    ...modeFindings(folder, stats, files),
    ...ownerFindings(folder, stats, files),
    ...writeFindings(folder, stats),
  ];
  return [
    ...(found.length > 0 ? found : [ok("folder", `${folder} is its owner's alone.`)]),
    keyFinding(folder, files),
  ];
}

function modeFindings(folder: string, stats: Stats, files: readonly File[]): Finding[] {
  if (!isOpen(stats)) return [];
  const isShared = (stats.mode & STICKY) !== 0;
  const closing = isShared ? "Give the data a folder of its own." : `chmod 700 ${folder}`;
  // The database, its WAL, and copies of it from before an update or a restore.
  const open = files.filter(
    ({ name, stats: { mode } }) =>
      (mode & 0o044) !== 0 && !/\.key|-shm$|\.lock$|\.mark$/.test(name),
  );
  if (open.length > 0) {
    const names = open.map(({ name }) => name);
    const text = `${names.join(", ")} in ${folder}: other users of this machine may read all messages.`;
    return [
      fail("folder", text, `${closing}${isShared ? "" : ";"} chmod 600 ${pathsOf(folder, names)}`),
    ];
  }
  return [warn("folder", `${folder} is open to other users of this machine.`, closing)];
}

function ownerFindings(folder: string, { uid }: Stats, files: readonly File[]): Finding[] {
  const foreign = files.filter((file) => file.stats.uid !== uid).map(({ name }) => name);
  if (foreign.length === 0) return [];
  return [
    fail(
      "folder",
      `${foreign.join(", ")} in ${folder}: not of the user that the folder is of (${uid}).`,
      `If the server runs as that user: chown ${uid} ${pathsOf(folder, foreign)}`,
    ),
  ];
}

function writeFindings(folder: string, { uid }: Stats): Finding[] {
  try {
    accessSync(folder, constants.W_OK);
    return [];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EROFS") {
      const text = `${folder} is on a disk that is for reading only.`;
      return [
        fail("folder", text, "If it should not be: the kernel's log (dmesg) says why it is."),
      ];
    }
    const own = process.getuid?.();
    if (own === uid) {
      return [fail("folder", `Nobody may write to ${folder}.`, `chmod 700 ${folder}`)];
    }
    return [
      warn(
        "folder",
        `You (user ${own}) may not write to ${folder}, which is of user ${uid}.`,
        "The server has to run as that user, and so have commands beside it.",
      ),
    ];
  }
}

function keyFinding(folder: string, files: readonly File[]): Finding {
  const keys = files.filter(({ name }) => name.endsWith(".key"));
  const open = keys.filter(({ stats }) => isOpen(stats)).map(({ name }) => name);
  if (open.length > 0) {
    const text = `${open.join(", ")}: other users of this machine may read it.`;
    return fail("keys", text, `chmod 600 ${pathsOf(folder, open)}`);
  }
  const names = keys.map(({ name }) => name);
  return ok(
    "keys",
    keys.length === 0 ? "There are none yet." : `Only their owner reads ${names.join(", ")}.`,
  );
}

function pathsOf(folder: string, names: readonly string[]): string {
  return names.map((name) => join(folder, name)).join(" ");
}

function isOpen({ mode }: Stats): boolean {
  return process.platform !== "win32" && (mode & 0o077) !== 0;
}
