import { makeFolder, removeFolder } from "./temp.ts";

/** A file system of a few MB, in memory. */
export interface SmallDisk {
  /** Where a process that was started with `enter` finds it. */
  readonly folder: string;
  /** Where this process finds it. */
  readonly seen: string;
  /** Put before a command that is to see it. */
  readonly enter: readonly string[];
  unmount(): Promise<void>;
}

const tmpfs = (folder: string, bytes: number) => [
  "mount",
  "-t",
  "tmpfs",
  "-o",
  `size=${bytes}`,
  "hubbub",
  folder,
];

/**
 * As root by a mount; else in a namespace of our own, held by a process. Undefined where neither is
 * allowed.
 */
export async function mountSmallDisk(bytes: number): Promise<SmallDisk | undefined> {
  const folder = makeFolder();
  if (Bun.spawnSync(tmpfs(folder, bytes)).success) {
    const unmount = async () => {
      // Detached, so that it goes even if a process still stands in it.
      Bun.spawnSync(["umount", "--lazy", folder]);
      removeFolder(folder);
    };
    return { folder, seen: folder, enter: [], unmount };
  }
  const script = `${tmpfs(folder, bytes).join(" ")} && echo mounted && exec cat`;
  const holder = Bun.which("unshare")
    ? Bun.spawn(["unshare", "-rm", "sh", "-c", script], {
        stdin: "pipe",
        stdout: "pipe",
        stderr: "ignore",
      })
    : undefined;
  const { value } = (await holder?.stdout.getReader().read()) ?? {};
  if (holder === undefined || value === undefined) {
    removeFolder(folder);
    return undefined;
  }
  const enter = ["nsenter", "--preserve-credentials", "-U", "-m", "-t", `${holder.pid}`, "--"];
  const unmount = async () => {
    // The mount ends with the last process of its namespace.
    await holder.stdin.end();
    await holder.exited;
    removeFolder(folder);
  };
  return { folder, seen: `/proc/${holder.pid}/root${folder}`, enter, unmount };
}
