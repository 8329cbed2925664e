import { totalmem } from "node:os";
import { dirname, join } from "node:path";
import type { Config } from "../../config.ts";
import { type Finding, fail, megabytes, ok, warn } from "./finding.ts";
import { askedProcess, textOf } from "./server_process.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
/** As docs/OPERATIONS.md, Sizing, has them from measurements. */
const AT_REST_BYTES = 86 * MIB;
const CONNECTION_BYTES = 12 * KIB;
/** Where programs are swapped out only when there is no other way. */
const SELDOM_SWAPPED = 10;

/** Whether the server's memory is enough for its settings, and stays in memory. */
export function memoryFindings(config: Config): Finding[] {
  return [limitFinding(config), swapFinding()].filter((finding) => finding !== undefined);
}

function limitFinding(config: Config): Finding {
  const limit = limitOf(askedProcess(config.data).folder);
  const bytes = Math.min(limit, totalmem());
  const atLeast = AT_REST_BYTES + config.hashesAtOnce * config.hashMemoryKib * KIB;
  const needed =
    atLeast + config.connections * CONNECTION_BYTES + config.ringBytes + config.queueBytes;
  const what = limit < totalmem() ? "The server's memory is limited to" : "The machine's memory is";
  const text = `${what} ${megabytes(bytes)}; with ${config.connections.toLocaleString("en")} connections and all buffers full the server takes some ${megabytes(needed)}.`;
  if (bytes < atLeast) {
    return fail("memory", text, "It will be ended by the kernel: raise the limit.");
  }
  return bytes < needed
    ? warn("memory", text, "Raise it, or lower HUBBUB_CONNECTIONS or HUBBUB_RING_BYTES.")
    : ok("memory", text);
}

/** The lowest limit of the process's groups (cgroups(7), both versions); infinite without one. */
function limitOf(folder: string): number {
  const limits: number[] = [];
  for (const [, controllers = "", path = "/"] of textOf(`${folder}/cgroup`).matchAll(
    /^\d+:([^:\n]*):(.*)$/gm,
  )) {
    const isSecond = controllers === "";
    if (!isSecond && !controllers.split(",").includes("memory")) continue;
    const root = isSecond ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    const file = isSecond ? "memory.max" : "memory.limit_in_bytes";
    // In a container the path may be that of the outside; then only the root is there.
    for (let group = path; ; group = dirname(group)) {
      const text = textOf(join(root, group, file)).trim();
      if (/^\d+$/.test(text)) limits.push(Number(text));
      if (group === "/" || group === ".") break;
    }
  }
  return Math.min(Number.POSITIVE_INFINITY, ...limits);
}

function swapFinding(): Finding | undefined {
  const swap = Number(/^SwapTotal: +(\d+) kB/m.exec(textOf("/proc/meminfo"))?.[1] ?? 0) * KIB;
  const swappiness = Number(textOf("/proc/sys/vm/swappiness").trim() || Number.NaN);
  if (swap === 0 || Number.isNaN(swappiness)) return undefined;
  const text = `There are ${megabytes(swap)} of swap, and vm.swappiness is ${swappiness}.`;
  return swappiness > SELDOM_SWAPPED
    ? warn(
        "swap",
        text,
        "sysctl -w vm.swappiness=1: everybody waits for what has to be read back from it.",
      )
    : ok("swap", text);
}
