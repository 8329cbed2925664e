import { existsSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Config } from "../../config.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const about = "file system";

/** `f_type` of statfs(2), as linux/magic.h has it. */
const IN_MEMORY = new Map([
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
]);
const OF_CONTAINERS = new Map([
  [0x794c7630, "overlay"],
  [0x61756673, "aufs"],
]);
const OVER_NETWORKS = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x517b, "SMB"],
  [0x00c36400, "Ceph"],
  [0x5346414f, "AFS"],
  [0x0bd00bd0, "Lustre"],
  [0x01161970, "GFS2"],
  [0x7461636f, "OCFS2"],
  [0x73757245, "Coda"],
]);
/** What lies behind these is elsewhere, and may be a network. */
const PASSED_ON = new Map([
  [0x65735546, "FUSE"],
  [0x01021997, "9p"],
  [0x786f4256, "a shared folder of VirtualBox"],
]);

/** Whether the database is on a local disk: SQLite's WAL is memory that processes share, which networks do not carry. */
export function fileSystemFindings(config: Config): Finding[] {
  if (process.platform !== "linux") return [];
  const folder = dirname(resolve(config.data));
  if (!existsSync(folder)) return [];
  return [fileSystemFinding(folder, statfsSync(folder).type)];
}

/** @param type of statfs(2). */
export function fileSystemFinding(folder: string, type: number): Finding {
  const kind = type >>> 0;
  const memory = IN_MEMORY.get(kind);
  if (memory !== undefined) {
    const text = `${folder} is in memory (${memory}): all is lost when the machine stops.`;
    return fail(about, text, "Put the data on a disk.");
  }
  const network = OVER_NETWORKS.get(kind);
  if (network !== undefined) {
    const text = `${folder} is on a network (${network}), where SQLite's WAL and locks cannot be relied on.`;
    return fail(about, text, "Put the data on a disk of this machine.");
  }
  const container = OF_CONTAINERS.get(kind);
  if (container !== undefined) {
    const text = `${folder} is a part of the container itself (${container}), and goes with it.`;
    return warn(about, text, "Mount a volume there.");
  }
  const passedOn = PASSED_ON.get(kind);
  if (passedOn !== undefined) {
    const text = `${folder} is passed on from elsewhere (${passedOn}).`;
    return warn(
      about,
      text,
      "SQLite's WAL needs a disk of this machine: if it is none, move the data.",
    );
  }
  return ok(about, `${folder} is on a disk of this machine.`);
}
