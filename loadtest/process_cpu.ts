import { readdirSync, readFileSync } from "node:fs";

/** Linux counts CPU time in ticks (`getconf CLK_TCK`): 100 a second on all that Bun runs on. */
const TICK_US = 10_000;

/** CPU time so far, in microseconds, to 10 ms. */
export interface ServerCpu {
  /** Of the server's process, with all its threads. */
  readonly serverUs: number;
  /** Of its children: those that hash passwords. */
  readonly hasherUs: number;
}

/** Undefined where the system does not tell (it is not Linux), or the process has ended. */
export function readServerCpu(pid: number | undefined): ServerCpu | undefined {
  if (pid === undefined) return undefined;
  const server = readStat(String(pid));
  if (server === undefined) return undefined;
  const children = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => readStat(entry) ?? [])
    .filter(({ parent }) => parent === pid);
  return {
    serverUs: server.cpuUs,
    hasherUs: children.reduce((sum, { cpuUs }) => sum + cpuUs, 0),
  };
}

function readStat(pid: string): { readonly parent: number; readonly cpuUs: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // proc(5): the name in brackets is field 2; the parent is 4, user and system time 14 and 15.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [parent, user, system] = [fields[1], fields[11], fields[12]].map(Number);
  if (parent === undefined || user === undefined || system === undefined) return undefined;
  return { parent, cpuUs: (user + system) * TICK_US };
}
