import { readFileSync } from "node:fs";
import type { Config } from "../../config.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** Files beside the sockets: the database, threads, libraries, the hasher's pipes. */
const OTHER_FILES = 200;
const LEAST_BACKLOG = 1024;
const LEAST_MEMORY_BYTES = 400_000_000;

/** What the system allows, and whether its clock is set by the network. What it does not tell is left out. */
export async function machineFindings(config: Config): Promise<Finding[]> {
  const found = [filesFinding(config), backlogFinding(), memoryFinding(), await networkTime()];
  return found.filter((finding) => finding !== undefined);
}

function filesFinding({ connections }: Config): Finding | undefined {
  const line = /^Max open files +(\S+) +(\S+)/m.exec(textOf("/proc/self/limits"));
  if (line === null) return undefined;
  const [soft, hard] = [line[1] as string, line[2] as string];
  const most = hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
  const needed = connections + OTHER_FILES;
  const text = `Open files here: ${soft}, ${hard} at most; HUBBUB_CONNECTIONS=${connections} needs ${needed}.`;
  return most < needed
    ? fail(
        "open files",
        text,
        "Raise LimitNOFILE (systemd) or nofile (containers), or take fewer connections.",
      )
    : ok("open files", text);
}

function backlogFinding(): Finding | undefined {
  const backlog = Number(textOf("/proc/sys/net/core/somaxconn"));
  if (!(backlog > 0)) return undefined;
  const text = `net.core.somaxconn is ${backlog}.`;
  return backlog < LEAST_BACKLOG
    ? warn("backlog", text, "With 4096, many clients that come at once are let in sooner.")
    : ok("backlog", text);
}

function memoryFinding(): Finding | undefined {
  const most = textOf("/sys/fs/cgroup/memory.max").trim();
  if (!/^\d+$/.test(most)) return undefined;
  const text = `The memory limit is ${Math.round(Number(most) / 1e6)} MB.`;
  return Number(most) < LEAST_MEMORY_BYTES
    ? warn("memory", text, "A server with many connections needs more.")
    : ok("memory", text);
}

async function networkTime(): Promise<Finding | undefined> {
  if (Bun.which("timedatectl") === null) return undefined;
  const child = Bun.spawn(["timedatectl", "show", "--property=NTPSynchronized", "--value"], {
    stdout: "pipe",
    stderr: "ignore",
  });
  const told = (await new Response(child.stdout).text()).trim();
  if (told === "yes") return ok("clock", "It is set by the network.");
  if (told !== "no") return undefined;
  return warn("clock", "It is not set by the network.", "timedatectl set-ntp true");
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
