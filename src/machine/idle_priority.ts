import { dlopen, ptr } from "bun:ffi";
import { readdirSync } from "node:fs";

/** Runs only when a core has nothing else to do: sched(7). */
const SCHED_IDLE = 5;
/** `struct sched_param` with the one priority that this policy knows. */
const NO_PRIORITY = new Int32Array([0]);
/** A process that has just started has one thread, or a few more by the time we look. */
const MAX_LOOKS = 10;

/**
 * Puts a process that has just been started under Linux's SCHED_IDLE: it then runs only when a core
 * has nothing else to do, where the lowest plain priority still takes its small share. What the
 * process starts from then on inherits it; what it has started already is found by looking until
 * there is nothing new. Anybody may do that to a process of their own, without any program or
 * privilege.
 *
 * @returns false where the system has no such policy, or forbids it.
 */
export function makeIdle(pid: number): boolean {
  const schedule = openScheduler();
  if (schedule === undefined) return false;
  const idle = new Set<string>();
  for (let look = 0; look < MAX_LOOKS; look++) {
    const fresh = threadsOf(pid).filter((thread) => !idle.has(thread));
    if (fresh.length === 0) return idle.size > 0;
    for (const thread of fresh) {
      // One that has ended meanwhile needs nothing; the first one is the process itself.
      if (!schedule(Number(thread)) && thread === String(pid)) return false;
      idle.add(thread);
    }
  }
  return true;
}

/** Undefined where there is none. */
function openScheduler(): ((thread: number) => boolean) | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const call = { args: ["i32", "i32", "ptr"], returns: "i32" } as const;
    const { sched_setscheduler } = dlopen("libc.so.6", { sched_setscheduler: call }).symbols;
    return (thread) => sched_setscheduler(thread, SCHED_IDLE, ptr(NO_PRIORITY)) === 0;
  } catch {
    return undefined;
  }
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // It has ended already, or there is no /proc, where the process itself can still be reached.
    return [String(pid)];
  }
}
