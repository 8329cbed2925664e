import { readdirSync, readFileSync } from "node:fs";
import type { Fairness } from "./cpu_profile.ts";

/** What the system calls JavaScriptCore's sampler thread: the end of its longer name. */
export const SAMPLER_NAME = "thread";

const SCHED_OTHER = 0;
const SCHED_FIFO = 1;
const SHORT_SLICE_NS = 100_000n;
/** Bytes of `struct sched_attr`, as of its first version: sched_setattr(2). */
const ATTR_BYTES = 48;
/** The number of the system call: linux/arch/x86/entry/syscalls, linux/include/uapi/asm-generic. */
const SCHED_SETATTR: Readonly<Record<string, bigint>> = { x64: 314n, arm64: 274n };

/** The threads of this process by id, with their names. Empty on systems without /proc. */
export function threadNames(): Map<number, string> {
  const names = new Map<number, string>();
  for (const id of taskIds()) {
    const name = readTask(id, "comm");
    if (name !== undefined) names.set(Number(id), name.trim());
  }
  return names;
}

/** CPU time of each thread of this process in ms, by id. Empty on systems without /proc. */
export function threadCpuMs(): Map<number, number> {
  const times = new Map<number, number>();
  for (const id of taskIds()) {
    const nanoseconds = readTask(id, "schedstat")?.split(" ")[0];
    if (nanoseconds !== undefined) times.set(Number(id), Number(nanoseconds) / 1e6);
  }
  return times;
}

/** The sampler threads among those that are new since `before`. */
export function newSamplers(before: ReadonlyMap<number, string>): number[] {
  return [...threadNames()].flatMap(([id, name]) =>
    name === SAMPLER_NAME && !before.has(id) ? [id] : [],
  );
}

/**
 * Has sampler threads run when their timers are due.
 *
 * By default Linux lets a thread that runs finish its slice of some 3 ms before one that wakes up,
 * so a sampler often wakes when the loop has gone to sleep, and sees nothing: of 645 ms of work in
 * turns of 1 ms, pinned to one core, it took 9 samples where some 600 were due. As a real-time
 * thread, which takes privileges, it took 581; with a short slice of its own, which anybody may ask
 * of Linux 6.12 and newer, 531.
 */
export async function scheduleSamplers(ids: readonly number[]): Promise<Fairness> {
  const call = SCHED_SETATTR[process.arch];
  if (process.platform !== "linux" || call === undefined || ids.length === 0) return "default";
  const { dlopen, ptr } = await import("bun:ffi");
  const signature = { args: ["i64", "i64", "ptr", "i64"], returns: "i64" } as const;
  let libc: ReturnType<typeof dlopen<{ syscall: typeof signature }>>;
  try {
    libc = dlopen("libc.so.6", { syscall: signature });
  } catch {
    return "default";
  }
  try {
    const all = (attr: Uint8Array) =>
      ids.every((id) => libc.symbols.syscall(call, BigInt(id), ptr(attr), 0n) === 0n);
    if (all(schedAttr({ policy: SCHED_FIFO, priority: 1 }))) return "real time";
    const isTaken = all(schedAttr({ policy: SCHED_OTHER, sliceNs: SHORT_SLICE_NS }));
    const isKept = () => ids.every((id) => sliceNsOf(id) === SHORT_SLICE_NS);
    return isTaken && isKept() ? "short slice" : "default";
  } finally {
    libc.close();
  }
}

interface Scheduling {
  readonly policy: number;
  readonly priority?: number;
  readonly sliceNs?: bigint;
}

function schedAttr({ policy, priority = 0, sliceNs = 0n }: Scheduling): Uint8Array {
  const attr = new DataView(new ArrayBuffer(ATTR_BYTES));
  attr.setUint32(0, ATTR_BYTES, true);
  attr.setUint32(4, policy, true);
  attr.setUint32(20, priority, true);
  attr.setBigUint64(24, sliceNs, true);
  return new Uint8Array(attr.buffer);
}

/** Older kernels take the wish for a slice and ignore it. */
function sliceNsOf(id: number): bigint | undefined {
  const slice = /^se\.slice\s*:\s*(\d+)$/m.exec(readTask(String(id), "sched") ?? "")?.[1];
  return slice === undefined ? undefined : BigInt(slice);
}

function taskIds(): string[] {
  try {
    return readdirSync("/proc/self/task");
  } catch {
    return [];
  }
}

function readTask(id: string, file: string): string | undefined {
  try {
    return readFileSync(`/proc/self/task/${id}/${file}`, "utf8");
  } catch {
    // The thread has ended, or the kernel does not tell.
    return undefined;
  }
}
