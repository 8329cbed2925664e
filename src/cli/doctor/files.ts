import { existsSync, readdirSync, type Stats, statfsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Config } from "../../config.ts";
import { backupsIn } from "../../store/backups/names.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const MB = 1_000_000;
/** With less than that SQLite is soon refused. */
const LEAST_FREE_BYTES = 200 * MB;

/** The data folder, the keys in it, the room on its disk, and the backups. */
export function fileFindings(config: Config): Finding[] {
  const path = resolve(config.data);
  const folder = dirname(path);
  if (!existsSync(folder)) {
    return [warn("folder", `There is no ${folder} yet.`, "The first start makes it.")];
  }
  return [
    ...folderFindings(folder),
    ...keyFindings(folder),
    spaceFinding(folder, path),
    ...backupFindings(config),
  ];
}

function folderFindings(folder: string): Finding[] {
  const found: Finding[] = [];
  const stats = statSync(folder);
  if (isOpen(stats)) {
    found.push(
      warn("folder", `${folder} is open to other users of this machine.`, `chmod 700 ${folder}`),
    );
  }
  const owners = new Set(
    readdirSync(folder).map(
      (name) => statSync(join(folder, name), { throwIfNoEntry: false })?.uid ?? stats.uid,
    ),
  );
  owners.delete(stats.uid);
  if (owners.size > 0) {
    found.push(
      fail(
        "folder",
        `Files in ${folder} belong to somebody else than the folder.`,
        "chown them to the user that the server runs as.",
      ),
    );
  }
  return found.length > 0 ? found : [ok("folder", `${folder} is its owner's alone.`)];
}

function keyFindings(folder: string): Finding[] {
  const keys = readdirSync(folder).filter((name) => name.endsWith(".key"));
  const open = keys.filter((name) => isOpen(statSync(join(folder, name))));
  if (open.length > 0) {
    const names = open.join(" ");
    return [
      fail("keys", `${names}: other users of this machine may read it.`, `chmod 600 ${names}`),
    ];
  }
  return [
    ok(
      "keys",
      keys.length === 0 ? "There are none yet." : `Only their owner reads ${keys.join(", ")}.`,
    ),
  ];
}

function spaceFinding(folder: string, path: string): Finding {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const text = `${Math.round(free / MB)} MB are free, and the database takes ${Math.round(size / MB)} MB.`;
  if (free < LEAST_FREE_BYTES) {
    return fail(
      "disk",
      text,
      "Make room, or messages will be refused. HUBBUB_KEEP_MEGABYTES bounds the database.",
    );
  }
  if (free < size) {
    return warn("disk", text, "A backup or an update needs as much room as the database has.");
  }
  return ok("disk", text);
}

function backupFindings({ backups }: Config): Finding[] {
  if (backups === null) return [];
  const { folder, everyMs } = backups;
  const files = existsSync(folder) ? backupsIn(folder) : [];
  const newestMs = Math.max(...files.map((name) => statSync(join(folder, name)).mtimeMs), 0);
  const hours = Math.round((Date.now() - newestMs) / 3_600_000);
  if (files.length === 0) {
    return [
      warn(
        "backups",
        `There is no backup in ${folder}.`,
        "The server makes the first; see its log.",
      ),
    ];
  }
  const text = `The newest of ${files.length} is ${hours} hours old.`;
  if (Date.now() - newestMs > 2 * everyMs) {
    return [fail("backups", text, "It should be younger: see the server's log.")];
  }
  return [ok("backups", text)];
}

function isOpen({ mode }: Stats): boolean {
  return (mode & 0o077) !== 0;
}
